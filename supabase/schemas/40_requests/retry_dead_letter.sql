-- Retries a failed step with fresh attempts, and reopens what its failure ended: the run, the goal, the goals above,
-- the request. Raises ZG001, ZG002, ZG004 (retried already, the run continued without it, or the requester lost the
-- right to send requests). Locks the tree.
-- Definer: people may not write runs and steps.
create function goalpost_private.retry_dead_letter(p_dead_letter_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_letter goalpost.dead_letters;
  v_functions text[];
begin
  select * into v_letter from goalpost.dead_letters where id = p_dead_letter_id;
  perform goalpost_private.require_role(v_letter.workspace_id, 'member');
  perform goalpost_private.lock_trees(array[v_letter.run_id]);
  v_now := goalpost_private.clock();
  if not exists (
    select from goalpost.workflow_runs r
      join goalpost.members m on m.workspace_id = r.workspace_id and m.user_id = r.user_id and m.role <> 'viewer'
     where r.id = v_letter.run_id)
  then
    perform goalpost_private.refuse('ZG004', 'the person who asked for it may not ask in this workspace any more', 'ask again yourself');
  end if;

  update goalpost.dead_letters set retried_at = v_now, retried_by = auth.uid()
   where id = p_dead_letter_id and retried_at is null;
  if not found then
    perform goalpost_private.refuse('ZG004', 'this dead letter was retried already');
  end if;
  v_functions := goalpost_private.reopen_run(v_letter.run_id, v_letter.step_key, v_now);
  perform goalpost_private.send_wakes(v_functions, '[]', v_now);
  return (select jsonb_build_object('run_id', s.run_id, 'step_key', s.key, 'state', s.state)
            from goalpost.steps s where s.run_id = v_letter.run_id and s.key = v_letter.step_key);
end
$$;

-- Reopens a failed run, from the top of its tree down: failed -> running. The named step is retried (a sub-goal step
-- returns to waiting); steps that were cancelled with the run are pending again.
-- Raises ZG004 unless that step is the cause for which each of these runs failed: a run that ended otherwise, or
-- continued without the step, cannot be reopened for it.
create function goalpost_private.reopen_run(p_run_id bigint, p_step_key text, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_goal goalpost.goals;
  v_functions text[] := '{}';
begin
  if not exists (
    select from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id
     where s.run_id = p_run_id and s.key = p_step_key and s.state = 'failed' and r.state = 'failed'
       and (s.on_failure = 'fail' or s.ends_run))
  then
    perform goalpost_private.refuse('ZG004', 'the run has gone on without this step, or was cancelled; ask again instead');
  end if;

  -- The run counts once in the statistics: at its last end.
  select * into v_run from goalpost.workflow_runs r where r.id = p_run_id;
  perform goalpost_private.append_ends(v_run, -1, true);
  update goalpost.workflow_runs r
     set state = 'running', reason = null, reason_code = null, failure = null, result = null, ended_at = null,
         deadline_at = p_now + make_interval(secs => l.max_run_seconds)
    from goalpost_private.limits l
   where r.id = p_run_id and r.state = 'failed'
  returning r.* into v_run;
  update goalpost.goals set state = 'active', reason = null, reason_code = null, result = null, report = null, ended_at = null
   where id = v_run.goal_id
  returning * into v_goal;
  if v_goal.parent_run_id is not null then
    v_functions := goalpost_private.reopen_run(v_goal.parent_run_id, v_goal.parent_step_key, p_now);
  else
    update goalpost.requests
       set state = 'accepted', reason = null, reason_code = null, answer = null, answer_text = null, ended_at = null
     where id = v_run.request_id and state = 'failed';
  end if;
  update goalpost.agent_instances set state = 'open', closed_at = null where run_id = p_run_id and state = 'closed';
  perform goalpost_private.append_event(p_run_id, p_step_key, 'run.reopened', null, p_now);

  update goalpost.steps s
     set state = case s.kind when 'subgoal' then 'waiting' else 'ready' end,
         attempt = s.attempt + 1, max_attempts = s.attempt + 3, run_after = case s.kind when 'subgoal' then null else p_now end,
         started_at = null, ended_at = null, error = null
   where s.run_id = p_run_id and s.key = p_step_key and s.state = 'failed'
  returning v_functions || goalpost_private.function_of(s.kind) into v_functions;

  return array_remove(v_functions, null) || goalpost_private.reopen_steps(p_run_id, p_now);
end
$$;

-- Reopens the steps of a run's plan that were cancelled with it: cancelled -> pending, and further as their
-- dependencies allow. Steps of an earlier plan were cancelled because a later plan replaced it, and stay cancelled.
-- Calls of the reopened steps, and those of the retried step, keep their keys. Returns the functions to wake.
-- Called by reopen_run and reopen_subgoal, with the run running again. Expects the tree's lock.
create function goalpost_private.reopen_steps(p_run_id bigint, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  -- If the judge reported on the failure, it gets another attempt once the other steps have ended.
  update goalpost.steps s
     set state = 'pending', ended_at = null, started_at = null, result = null,
         attempt = case s.state when 'completed' then s.attempt + 1 else s.attempt end,
         max_attempts = case s.state when 'completed' then s.attempt + 3 else s.max_attempts end,
         remaining_dependencies = (
           select count(*) from goalpost.steps o
            where o.run_id = s.run_id and o.key = any (s.depends_on)
              and o.state not in ('completed', 'failed', 'skipped'))
   where s.run_id = p_run_id
     and (s.state = 'cancelled' or s.kind = 'judge' and s.state = 'completed')
     and s.revision = (select r.revision from goalpost.workflow_runs r where r.id = p_run_id);
  perform goalpost_private.reopen_calls(s, p_now)
     from goalpost.steps s
    where s.run_id = p_run_id and s.state in ('pending', 'ready', 'waiting');
  return goalpost_private.ready_steps(
    p_run_id,
    array(select key from goalpost.steps where run_id = p_run_id and state = 'pending' and remaining_dependencies = 0),
    p_now);
end
$$;

-- Reopens the goal of a sub-goal's step, if it has one: the goal was cancelled with the run above, and its completed
-- steps stay, under the same keys. Returns the functions to wake; null if the step has no goal yet.
-- Called by open_subgoal. Expects the tree's lock.
create function goalpost_private.reopen_subgoal(p_step goalpost.steps, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
begin
  update goalpost.workflow_runs r
     set state = 'running', reason = null, failure = null, result = null, ended_at = null,
         deadline_at = p_now + make_interval(secs => l.max_run_seconds)
    from goalpost.goals g, goalpost_private.limits l
   where g.parent_run_id = p_step.run_id and g.parent_step_key = p_step.key
     and r.workspace_id = g.workspace_id and r.goal_id = g.id and r.state = 'cancelled'
  returning r.* into v_run;
  if not found then
    return null;
  end if;
  update goalpost.goals set state = 'active', reason = null, result = null, report = null, ended_at = null
   where id = v_run.goal_id;
  update goalpost.agent_instances set state = 'open', closed_at = null where run_id = v_run.id and state = 'closed';
  perform goalpost_private.append_event(v_run.id, null, 'run.reopened', null, p_now);
  return goalpost_private.reopen_steps(v_run.id, p_now);
end
$$;

create function goalpost.retry_dead_letter(p_dead_letter_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.retry_dead_letter(p_dead_letter_id) $$;

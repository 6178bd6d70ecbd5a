-- The engine, first half: how a step becomes ready, how it ends, and what its end does to others.
-- Claims and outcomes are in …0450.
-- One state machine for every kind of step. All functions below expect
-- the tree's lock to be held: see lock_trees.
--
-- Functions that make work ready return the functions to wake, one element per ready step ('executor', …),
-- so that the outermost call can ring once, after it has claimed for itself what it can (ring, …0700).

-- Which function works a kind of step; null: nobody does, SQL moves it.
create function goalpost_private.function_of(p_kind text) returns text
language sql immutable
set search_path = ''
as $$
  select case p_kind
    when 'assess' then 'intake'
    when 'plan' then 'planner'
    when 'agent' then 'executor'
    when 'tool' then 'executor'
    when 'judge' then 'aggregator'
  end
$$;

-- Locks the trees of these runs, in one order everywhere, so that no two transitions can wait for each other.
create function goalpost_private.lock_trees(p_run_ids bigint[]) returns void
language sql
set search_path = ''
as $$
  select from goalpost.workflow_runs r
   where r.id in (select root_run_id from goalpost.workflow_runs where id = any (p_run_ids))
   order by r.id
     for no key update;
$$;

-- Appends to the tree's history. The tree's lock makes the sequence dense.
create function goalpost_private.append_event(
  p_run_id bigint, p_step_key text, p_type text, p_data jsonb, p_now timestamptz
) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.events (root_run_id, sequence, workspace_id, run_id, goal_id, step_key, type, data, created_at)
  select r.root_run_id,
         1 + coalesce((select max(e.sequence) from goalpost.events e where e.root_run_id = r.root_run_id), 0),
         r.workspace_id, r.id, r.goal_id, p_step_key, p_type, p_data, p_now
    from goalpost.workflow_runs r
   where r.id = p_run_id;
$$;

-- Seconds to wait before the next try: doubling from 2 s, at most 5 minutes, with jitter (a factor of 0.5 to 1).
create function goalpost_private.retry_delay_seconds(p_attempt integer) returns double precision
language sql volatile
set search_path = ''
as $$
  select least(2 * power(2, least(p_attempt, 20) - 1), 300) * (0.5 + random() / 2)
$$;

-- A result, or a note in its place when what is told has become too large with it.
create function goalpost_private.fitting_result(p_result jsonb, p_told_bytes bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select case
    when p_told_bytes <= l.max_context_bytes then p_result
    else jsonb_build_object('omitted', format(
      'this result has %s bytes, and all that a step is told of others may have %s; ask for less',
      octet_length(p_result::text), l.max_context_bytes))
  end
    from goalpost_private.limits l
$$;

-- What a step may see of the steps it depends on: their results, by key; where not all fit, the smallest.
create function goalpost_private.dependency_results(p_run_id bigint, p_step_key text) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(t.key, goalpost_private.fitting_result(t.result, t.told_bytes)), '{}')
    from (
      select s.key, s.result, sum(octet_length(s.result::text)) over (order by octet_length(s.result::text), s.key) as told_bytes
        from goalpost.step_dependencies d
        join goalpost.steps s on s.run_id = d.run_id and s.key = d.depends_on_key
       where d.run_id = p_run_id and d.step_key = p_step_key and s.state = 'completed') t
$$;

-- Whether a step whose dependencies have all ended is to be left out: none of them completed, or its condition
-- is not met. A judge is never left out: it has to say why nothing was done.
create function goalpost_private.must_skip(p_step goalpost.steps) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  v_dependencies integer;
  v_completed integer;
begin
  if p_step.kind = 'judge' then
    return false;
  end if;

  select count(*), count(*) filter (where s.state = 'completed')
    into v_dependencies, v_completed
    from goalpost.step_dependencies d
    join goalpost.steps s on s.run_id = d.run_id and s.key = d.depends_on_key
   where d.run_id = p_step.run_id and d.step_key = p_step.key;
  if v_dependencies > 0 and v_completed = 0 then
    return true;
  end if;

  if p_step.condition is null then
    return false;
  end if;
  return exists (
    select from jsonb_each(p_step.condition) c
     where not coalesce(
       (select s.result @> c.value from goalpost.steps s
         where s.run_id = p_step.run_id and s.key = c.key and s.state = 'completed'), false));
end
$$;

-- Opens what a step may do once its dependencies have ended: pending -> ready | waiting | skipped.
-- Returns the functions to wake.
create function goalpost_private.ready_steps(p_run_id bigint, p_keys text[], p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
  v_claimable text[] := '{}';
  v_functions text[] := '{}';
begin
  for v_step in
    select * from goalpost.steps
     where run_id = p_run_id and key = any (p_keys) and state = 'pending'
     order by key
  loop
    if goalpost_private.must_skip(v_step) then
      v_functions := v_functions || goalpost_private.skip_step(v_step, p_now);
    elsif v_step.kind = 'approval' then
      perform goalpost_private.open_approval(v_step, p_now);
    elsif v_step.kind = 'subgoal' then
      v_functions := v_functions || goalpost_private.open_subgoal(v_step, p_now);
    else
      v_claimable := v_claimable || v_step.key;
      continue;
    end if;
    -- Skipping the last step, or a sub-goal over its caps, may have ended the run.
    if not exists (select from goalpost.workflow_runs where id = p_run_id and state = 'running') then
      return v_functions;
    end if;
  end loop;

  with readied as (
    update goalpost.steps
       set state = 'ready', run_after = p_now
     where run_id = p_run_id and key = any (v_claimable) and state = 'pending'
    returning kind
  )
  select v_functions || coalesce(array_agg(goalpost_private.function_of(kind)), '{}') into v_functions from readied;
  return v_functions;
end
$$;

-- Counts down the steps that wait for this one, and opens those that wait for nothing more.
create function goalpost_private.release_dependents(p_run_id bigint, p_step_key text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_keys text[];
begin
  with counted as (
    update goalpost.steps s
       set remaining_dependencies = s.remaining_dependencies - 1
      from goalpost.step_dependencies d
     where d.run_id = p_run_id and d.depends_on_key = p_step_key
       and s.run_id = d.run_id and s.key = d.step_key and s.state = 'pending'
    returning s.key, s.remaining_dependencies
  )
  select array_agg(key) into v_keys from counted where remaining_dependencies = 0;

  if v_keys is null then
    return '{}';
  end if;
  return goalpost_private.ready_steps(p_run_id, v_keys, p_now);
end
$$;

-- Leaves a step out: pending -> skipped.
create function goalpost_private.skip_step(p_step goalpost.steps, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.steps set state = 'skipped', ended_at = p_now
   where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.skipped', null, p_now);
  if p_step.ends_run then
    return goalpost_private.end_run(p_step.run_id, 'completed', 'its last step was skipped', null, null, p_now);
  end if;
  return goalpost_private.release_dependents(p_step.run_id, p_step.key, p_now);
end
$$;

-- Completes a step: running | waiting -> completed, and all that follows in the run. Returns the functions to wake.
create function goalpost_private.complete_step(p_step goalpost.steps, p_result jsonb, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.steps
     set state = 'completed', result = p_result, error = null, ended_at = p_now,
         lease_expires_at = null, run_after = null
   where run_id = p_step.run_id and key = p_step.key;
  if p_step.state = 'running' then
    insert into goalpost.step_attempts
      (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at)
    values
      (p_step.run_id, p_step.key, p_step.attempt, p_step.workspace_id, 'completed', p_step.leased_by,
       p_step.started_at, p_now);
  end if;
  perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.completed', null, p_now);

  if p_step.ends_run then
    return goalpost_private.end_run(p_step.run_id, 'completed', null, p_result, p_result ->> 'text', p_now);
  end if;
  return goalpost_private.release_dependents(p_step.run_id, p_step.key, p_now);
end
$$;

-- Fails a try of a step. Retryable and tries left: -> ready, later, with the next attempt number.
-- Otherwise -> failed, with a dead letter for a person, and the run fails or goes on as on_failure says.
-- p_outcome: 'failed' (the worker said so), 'lost' (its lease ran out), 'timed_out'. The last two raise the epoch,
-- so that the worker they were taken from is refused from then on.
create function goalpost_private.fail_step(
  p_step goalpost.steps, p_error jsonb, p_outcome text, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_epoch bigint := p_step.lease_epoch + case when p_outcome = 'failed' then 0 else 1 end;
  v_delay_seconds double precision;
begin
  if p_step.state = 'running' then
    insert into goalpost.step_attempts
      (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at, error)
    values
      (p_step.run_id, p_step.key, p_step.attempt, p_step.workspace_id, p_outcome, p_step.leased_by,
       p_step.started_at, p_now, p_error);
  end if;

  if (p_error ->> 'retryable')::boolean and p_step.attempt < p_step.max_attempts then
    v_delay_seconds := case
      when p_outcome = 'lost' then 0
      -- least() passes over nulls: the default has to come first.
      else greatest(least(coalesce((p_error ->> 'retry_after_seconds')::double precision,
                                   goalpost_private.retry_delay_seconds(p_step.attempt)), 86400), 0)
    end;
    update goalpost.steps
       set state = 'ready', attempt = attempt + 1, lease_epoch = v_epoch, lease_expires_at = null,
           run_after = p_now + make_interval(secs => v_delay_seconds), started_at = null, error = p_error
     where run_id = p_step.run_id and key = p_step.key;
    perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.retried', p_error, p_now);
    return case when v_delay_seconds = 0 then array[goalpost_private.function_of(p_step.kind)] else '{}' end;
  end if;

  update goalpost.steps
     set state = 'failed', error = p_error, lease_epoch = v_epoch, lease_expires_at = null, run_after = null,
         ended_at = p_now
   where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.failed', p_error, p_now);
  if goalpost_private.function_of(p_step.kind) is not null then
    insert into goalpost.dead_letters (workspace_id, run_id, step_key, attempt, error, created_at)
    values (p_step.workspace_id, p_step.run_id, p_step.key, p_step.attempt, p_error, p_now);
  end if;

  if p_step.on_failure = 'continue' and not p_step.ends_run then
    return goalpost_private.release_dependents(p_step.run_id, p_step.key, p_now);
  end if;
  return goalpost_private.end_run(
    p_step.run_id, 'failed', format('step %s failed: %s', p_step.key, p_error ->> 'message'), null, null, p_now);
end
$$;

-- Ends a run: running -> completed | failed | cancelled, with everything that hangs on it, in one transaction:
-- open steps and approvals are cancelled, sub-goals below are cancelled, agents are closed, the goal ends with the
-- run, and above it the parent's step or the request. Returns the functions to wake.
create function goalpost_private.end_run(
  p_run_id bigint, p_state text, p_reason text, p_result jsonb, p_report text, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_child_run_id bigint;
begin
  update goalpost.workflow_runs
     set state = p_state, reason = p_reason, result = p_result, ended_at = p_now
   where id = p_run_id and state = 'running'
  returning * into v_run;
  if not found then
    return '{}';
  end if;

  -- The raised epoch refuses workers that are still at it.
  update goalpost.steps
     set state = 'cancelled', ended_at = p_now, lease_epoch = lease_epoch + 1, lease_expires_at = null,
         run_after = null
   where run_id = p_run_id and state in ('pending', 'ready', 'running', 'waiting');
  update goalpost.approvals set state = 'cancelled', decided_at = p_now
   where run_id = p_run_id and state = 'pending';
  update goalpost.agent_instances set state = 'closed', closed_at = p_now
   where run_id = p_run_id and state = 'open';
  perform goalpost_private.append_event(
    p_run_id, null, 'run.' || p_state,
    case when p_reason is null then null else jsonb_build_object('reason', p_reason) end, p_now);

  for v_child_run_id in
    select r.id from goalpost.goals g
      join goalpost.workflow_runs r on r.workspace_id = g.workspace_id and r.goal_id = g.id
     where g.parent_run_id = p_run_id and g.state = 'active'
     order by r.id
  loop
    perform goalpost_private.end_run(v_child_run_id, 'cancelled', 'the goal above it ended', null, null, p_now);
  end loop;

  if v_run.goal_id is null then
    return goalpost_private.end_request(v_run, p_report, p_now);
  end if;
  return goalpost_private.end_goal(v_run, p_report, p_now);
end
$$;

-- Ends the request of a run that had no goal. An assessment that opened a goal leaves the request open:
-- the goal will end it.
create function goalpost_private.end_request(p_run goalpost.workflow_runs, p_text text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.requests
     set state = case p_run.state when 'completed' then 'answered' else p_run.state end,
         reason = p_run.reason, answer = p_run.result, answer_text = p_text, ended_at = p_now
   where id = p_run.request_id and state = 'accepted'
     and (goal_id is null or p_run.goal_id is not null);
  return '{}';
end
$$;

-- Ends the goal of a run, and with it the parent's waiting step or, at the root, the request.
create function goalpost_private.end_goal(p_run goalpost.workflow_runs, p_report text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_goal goalpost.goals;
  v_parent_step goalpost.steps;
begin
  update goalpost.goals
     set state = p_run.state, reason = p_run.reason, result = coalesce(p_run.result, result),
         report = coalesce(p_report, report), ended_at = p_now
   where id = p_run.goal_id
  returning * into v_goal;

  if v_goal.parent_run_id is null then
    return goalpost_private.end_request(p_run, p_report, p_now);
  end if;

  select * into v_parent_step from goalpost.steps
   where run_id = v_goal.parent_run_id and key = v_goal.parent_step_key and state = 'waiting';
  if not found then
    return '{}';
  end if;
  if v_goal.state = 'completed' then
    return goalpost_private.complete_step(
      v_parent_step,
      jsonb_build_object('goal_id', v_goal.id, 'text', v_goal.report, 'result', v_goal.result), p_now);
  end if;
  return goalpost_private.fail_step(
    v_parent_step,
    jsonb_build_object(
      'code', 'sub_goal_' || v_goal.state, 'retryable', false,
      'message', format('sub-goal %s ended %s: %s', v_goal.id, v_goal.state, coalesce(v_goal.reason, 'no reason given'))),
    'failed', p_now);
end
$$;

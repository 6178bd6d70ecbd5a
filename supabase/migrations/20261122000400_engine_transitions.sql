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

-- The key of a tree's lock. Mixed with a constant of our own, since advisory locks are shared with whoever else uses
-- the database.
create function goalpost_private.tree_lock(p_root_run_id bigint) returns bigint
language sql immutable
set search_path = ''
as $$ select p_root_run_id # x'676f616c706f7374'::bigint $$;

-- Locks the trees of these runs until the transaction ends, in one order everywhere, so that no two transitions can
-- wait for each other. An advisory lock and not the root run's row: a row lock is written to the log, and this one is
-- taken at every transition.
create function goalpost_private.lock_trees(p_run_ids bigint[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(goalpost_private.tree_lock(t.root_run_id))
     from (select distinct r.root_run_id from goalpost.workflow_runs r where r.id = any (p_run_ids)
            order by r.root_run_id) t;
end
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
create function goalpost_private.dependency_results(p_run_id bigint, p_depends_on text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_results jsonb;
  v_bytes bigint;
begin
  if cardinality(p_depends_on) = 0 then
    return '{}';
  end if;
  select coalesce(jsonb_object_agg(s.key, s.result), '{}'), sum(octet_length(s.result::text))
    into v_results, v_bytes
    from goalpost.steps s
   where s.run_id = p_run_id and s.key = any (p_depends_on) and s.state = 'completed';
  if v_bytes <= (select l.max_context_bytes from goalpost_private.limits l) then
    return v_results;
  end if;
  return (
    select coalesce(jsonb_object_agg(t.key, goalpost_private.fitting_result(t.result, t.told_bytes)), '{}')
      from (
        select r.key, r.value as result,
               sum(octet_length(r.value::text)) over (order by octet_length(r.value::text), r.key) as told_bytes
          from jsonb_each(v_results) r) t);
end
$$;

-- Whether a step whose dependencies have all ended is to be left out: none of them completed, or its condition
-- is not met. A judge is never left out: it has to say why nothing was done.
create function goalpost_private.must_skip(p_step goalpost.steps) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  if p_step.kind = 'judge' then
    return false;
  end if;
  if cardinality(p_step.depends_on) > 0 and not exists (
    select from goalpost.steps s
     where s.run_id = p_step.run_id and s.key = any (p_step.depends_on) and s.state = 'completed')
  then
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

-- Counts down the steps that wait for these (which have all ended). What then waits for nothing more is opened: an
-- approval, a sub-goal or a step to be left out at once; what functions work is given back in `opened`, still pending,
-- for the caller to hand out (take_steps) or to make ready (make_ready).
-- The judge and unconditional steps behind a completed one need no look at must_skip: it could only say no.
create function goalpost_private.open_dependents(
  p_ended goalpost.steps[], p_now timestamptz, out opened goalpost.steps[], out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_special goalpost.steps[];
  v_delegators goalpost.steps[];
  v_step goalpost.steps;
  v_result record;
begin
  functions := '{}';
  with counted as materialized (
    select e.run_id, d.key, count(*) as ended, bool_or(e.state = 'completed') as is_fed
      from unnest(p_ended) e cross join lateral unnest(e.dependents) d (key)
     group by e.run_id, d.key
  ),
  waiting_on as (
    update goalpost.steps s set remaining_dependencies = s.remaining_dependencies - c.ended
      from counted c
     where s.run_id = c.run_id and s.key = c.key and s.state = 'pending' and s.remaining_dependencies > c.ended
  )
  select array_agg(s order by s.run_id, s.key) filter (where s.state = 'pending' and w.is_plain),
         array_agg(s order by s.run_id, s.key) filter (where s.state = 'pending' and not w.is_plain),
         array_agg(s order by s.run_id, s.key) filter (where s.state <> 'pending')
    into opened, v_special, v_delegators
    from counted c
    join goalpost.steps s on s.run_id = c.run_id and s.key = c.key
   cross join lateral (
     select s.kind = 'judge' or s.kind not in ('approval', 'subgoal') and s.condition is null and c.is_fed as is_plain) w
   -- One that is not pending any more began before what it waits for: it delegated that.
   where s.state = 'pending' and s.remaining_dependencies = c.ended or s.state in ('running', 'waiting', 'ready');

  foreach v_step in array coalesce(v_special, '{}') loop
    v_result := goalpost_private.open_step(v_step, p_now);
    functions := functions || v_result.functions;
    opened := opened || v_result.opened;
  end loop;
  if v_delegators is not null then
    functions := functions || goalpost_private.answer_delegators(p_ended, v_delegators, p_now);
  end if;
end
$$;

-- Opens one step that waits for nothing more: pending -> waiting | skipped, or it is given back as `opened`.
create function goalpost_private.open_step(
  p_step goalpost.steps, p_now timestamptz, out opened goalpost.steps[], out functions text[]
)
language plpgsql
set search_path = ''
as $$
begin
  opened := '{}';
  functions := '{}';
  -- Leaving out the last step, or a sub-goal over its caps, may have ended the run, and this step with it.
  update goalpost.steps set remaining_dependencies = 0
   where run_id = p_step.run_id and key = p_step.key and state = 'pending';
  if not found then
    return;
  end if;
  if goalpost_private.must_skip(p_step) then
    functions := goalpost_private.skip_step(p_step, p_now);
  elsif p_step.kind = 'approval' then
    perform goalpost_private.open_approval(p_step, p_now);
  elsif p_step.kind = 'subgoal' then
    functions := goalpost_private.open_subgoal(p_step, p_now);
  else
    opened := array[p_step];
  end if;
end
$$;

-- Makes opened steps ready: pending -> ready. Returns the functions to wake.
create function goalpost_private.make_ready(p_opened goalpost.steps[], p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_functions text[];
begin
  with readied as (
    update goalpost.steps s set state = 'ready', run_after = p_now, remaining_dependencies = 0
      from unnest(p_opened) o
     where s.run_id = o.run_id and s.key = o.key and s.state = 'pending'
    returning s.kind
  )
  select coalesce(array_agg(goalpost_private.function_of(kind)), '{}') into v_functions from readied;
  return v_functions;
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
  v_result record;
  v_opened goalpost.steps[] := '{}';
  v_functions text[] := '{}';
begin
  for v_step in
    select * from goalpost.steps
     where run_id = p_run_id and key = any (p_keys)
     order by key
  loop
    v_result := goalpost_private.open_step(v_step, p_now);
    v_functions := v_functions || v_result.functions;
    v_opened := v_opened || v_result.opened;
  end loop;
  return v_functions || goalpost_private.make_ready(v_opened, p_now);
end
$$;

-- Counts down the steps that wait for this one, which has just ended, and opens those that wait for nothing more.
create function goalpost_private.release_dependents(p_run_id bigint, p_step_key text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_result record;
begin
  v_result := goalpost_private.open_dependents(
    array(select s from goalpost.steps s where s.run_id = p_run_id and s.key = p_step_key), p_now);
  return v_result.functions || goalpost_private.make_ready(v_result.opened, p_now);
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

-- Completes steps that functions work, all of them at once: running -> completed, where the outcome comes from
-- whoever holds the lease and its result is not too large. An attempt and an event each; what else they are is left to
-- the caller. Told are the outcomes as finish_steps takes them; `numbers` are the places of those that counted.
create function goalpost_private.complete_steps(
  p_outcomes jsonb, p_now timestamptz, out completed goalpost.steps[], out numbers bigint[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_max_result_bytes constant integer := (select l.max_result_bytes from goalpost_private.limits l);
begin
  with told as materialized (
    -- Of a step told twice, the first counts.
    select distinct on (o.run_id, o.step_key) o.*
      from rows from (jsonb_to_recordset(p_outcomes)
             as (run_id bigint, step_key text, lease_epoch bigint, outcome text, result jsonb))
           with ordinality o (run_id, step_key, lease_epoch, outcome, result, number)
     order by o.run_id, o.step_key, o.number
  ),
  done as (
    update goalpost.steps s
       set state = 'completed', result = coalesce(t.result, 'null'), error = null, ended_at = p_now,
           lease_expires_at = null, run_after = null
      from told t
     where s.run_id = t.run_id and s.key = t.step_key and s.lease_epoch = t.lease_epoch and s.state = 'running'
       and s.kind in ('agent', 'tool') and t.outcome = 'completed'
       and case when pg_column_size(t.result) > 8 * v_max_result_bytes then false
                else coalesce(octet_length(t.result::text), 0) <= v_max_result_bytes end
    returning s as step, t.number
  ),
  attempted as (
    insert into goalpost.step_attempts
      (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at)
    select (d.step).run_id, (d.step).key, (d.step).attempt, (d.step).workspace_id, 'completed', (d.step).leased_by,
           (d.step).started_at, p_now
      from done d
  ),
  remembered as (
    insert into goalpost.events
      (root_run_id, sequence, workspace_id, run_id, goal_id, step_key, type, created_at)
    select r.root_run_id,
           coalesce((select max(e.sequence) from goalpost.events e where e.root_run_id = r.root_run_id), 0)
             + row_number() over (partition by r.root_run_id order by d.number),
           r.workspace_id, r.id, r.goal_id, (d.step).key, 'step.completed', p_now
      from done d
      join goalpost.workflow_runs r on r.id = (d.step).run_id
  )
  select coalesce(array_agg(d.step order by d.number), '{}'), coalesce(array_agg(d.number), '{}')
    into completed, numbers from done d;
end
$$;

-- Completes one step whose end means more (an assessment, a plan, a judgement, a decision, a sub-goal's end):
-- running | waiting -> completed, and all that follows in the run. Returns the functions to wake.
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
  -- What was asked on its behalf is asked no more.
  update goalpost.approvals set state = 'cancelled', decided_at = p_now
   where run_id = p_step.run_id and step_key = p_step.key and state = 'pending';
  if goalpost_private.function_of(p_step.kind) is not null then
    insert into goalpost.dead_letters (workspace_id, run_id, step_key, attempt, error, created_at)
    values (p_step.workspace_id, p_step.run_id, p_step.key, p_step.attempt, p_error, p_now);
  end if;

  if p_step.on_failure = 'continue' and not p_step.ends_run then
    return goalpost_private.release_dependents(p_step.run_id, p_step.key, p_now);
  end if;
  return goalpost_private.end_run(
    p_step.run_id, 'failed',
    case p_error ->> 'code' when 'budget_exhausted' then 'budget_exhausted: ' || (p_error ->> 'message')
      else format('step %s failed: %s', p_step.key, p_error ->> 'message') end,
    null, null, p_now);
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
     where g.parent_run_id = p_run_id
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
      'code', case when v_goal.reason like 'budget\_exhausted:%' then 'budget_exhausted' else 'sub_goal_' || v_goal.state end,
      'retryable', false,
      'message', format('sub-goal %s ended %s: %s', v_goal.id, v_goal.state, coalesce(v_goal.reason, 'no reason given'))),
    'failed', p_now);
end
$$;

-- The engine: how a step becomes ready, is claimed, ends, and what its end does to others.
-- One state machine for every kind of step. All functions below (but take_steps and heartbeat_steps) expect
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

-- Claims up to p_limit ready steps of these kinds: ready -> running, epoch + 1. Takes no tree lock and waits for
-- nobody: locked steps are skipped. Fair between workspaces: every workspace's best step comes before any
-- workspace's second best; within a workspace, by priority, then by age.
create function goalpost_private.take_steps(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_now timestamptz
) returns setof goalpost.steps
language sql
set search_path = ''
as $$
  -- Walks the index from workspace to workspace, so that one tenant's backlog costs the others nothing.
  with recursive space (kind, workspace_id) as (
    select k.kind, (select s.workspace_id from goalpost.steps s where s.state = 'ready' and s.kind = k.kind
                     order by s.workspace_id limit 1)
      from unnest(p_kinds) k (kind)
    union all
    select p.kind, (select s.workspace_id from goalpost.steps s where s.state = 'ready' and s.kind = p.kind
                       and s.workspace_id > p.workspace_id order by s.workspace_id limit 1)
      from space p where p.workspace_id is not null
  ),
  candidate as (
    select c.run_id, c.key, c.priority, c.run_after,
           row_number() over (partition by c.workspace_id order by c.priority desc, c.run_after) as turn
      from (select * from space where workspace_id is not null) w
     cross join lateral (
       select s.run_id, s.key, s.workspace_id, s.priority, s.run_after
         from goalpost.steps s
        where s.state = 'ready' and s.kind = w.kind and s.workspace_id = w.workspace_id and s.run_after <= p_now
        order by s.priority desc, s.run_after
        -- More than are wanted: others may hold the first ones.
        limit p_limit * 4) c
  ),
  chosen as (
    select s.run_id, s.key
      from candidate c
      join goalpost.steps s on s.run_id = c.run_id and s.key = c.key
     where s.state = 'ready' and s.run_after <= p_now and s.attempt <= s.max_attempts
     order by c.turn, c.priority desc, c.run_after
     limit p_limit
       for update of s skip locked
  )
  update goalpost.steps s
     set state = 'running', lease_epoch = s.lease_epoch + 1,
         lease_expires_at = p_now + make_interval(secs => p_lease_seconds),
         leased_by = p_worker, started_at = coalesce(s.started_at, p_now)
    from chosen c
   where s.run_id = c.run_id and s.key = c.key
  returning s.*;
$$;

-- Claims, deploys the agents that are needed for the first time, and describes each step with all that its worker
-- has to know, so that one call is enough. Returns a jsonb array.
create function goalpost_private.claim_described(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_now timestamptz
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_steps goalpost.steps[];
  v_step goalpost.steps;
  v_told jsonb;
  v_claimed jsonb[] := '{}';
  v_bytes bigint := 0;
  v_max_bytes constant integer := (select l.max_claim_bytes from goalpost_private.limits l);
begin
  if p_limit is null or p_limit < 0 or p_limit > 100 then
    perform goalpost_private.refuse('ZG003', 'the limit must be between 0 and 100');
  end if;
  if p_lease_seconds is null or p_lease_seconds < 1 or p_lease_seconds > 3600 then
    perform goalpost_private.refuse('ZG003', 'the lease must be between 1 and 3600 seconds');
  end if;
  if p_limit = 0 then
    return '[]';
  end if;

  -- Turn by turn of the workspaces, as they were taken.
  select array_agg(t.step order by t.turn, (t.step).run_id, (t.step).key) into v_steps
    from (select s as step,
                 row_number() over (partition by s.workspace_id order by s.priority desc, s.run_after, s.run_id, s.key) as turn
            from goalpost_private.take_steps(p_kinds, p_limit, p_lease_seconds, p_worker, p_now) s) t;
  if v_steps is null then
    return '[]';
  end if;

  -- In one order, and only where there is none yet: two claims never wait for each other crosswise.
  insert into goalpost.agent_instances (run_id, agent_id, workspace_id, opened_at)
  select distinct s.run_id, s.agent_id, s.workspace_id, p_now
    from unnest(v_steps) s
   where s.agent_id is not null
     and not exists (select from goalpost.agent_instances i where i.run_id = s.run_id and i.agent_id = s.agent_id)
   order by s.run_id, s.agent_id
  on conflict do nothing;

  -- What would make the reply too large to be read goes back, without being looked at: a claim whose reply nobody
  -- reads, or that takes too long, costs all of its steps, and those of other workspaces among them, an attempt.
  foreach v_step in array v_steps loop
    v_told := goalpost_private.describe_claimed(v_step, p_now);
    v_bytes := v_bytes + octet_length(v_told::text);
    exit when v_bytes > v_max_bytes and cardinality(v_claimed) > 0;
    v_claimed := array_append(v_claimed, v_told);
  end loop;
  update goalpost.steps s
     set state = 'ready', lease_expires_at = null, started_at = null
    from unnest(v_steps[cardinality(v_claimed) + 1 :]) b
   where s.run_id = b.run_id and s.key = b.key;
  return to_jsonb(v_claimed);
end
$$;

-- Books what model calls cost. Keyed by the lease and a number, so that a repeated call books nothing twice.
-- Bounded, so that no sum of them overflows.
create function goalpost_private.book_usage(
  p_step goalpost.steps, p_lease_epoch bigint, p_usage jsonb, p_counted boolean, p_now timestamptz
) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.usage_events
    (run_id, step_key, lease_epoch, number, workspace_id, goal_id, agent_id, provider, model,
     input_tokens, output_tokens, cached_tokens, cost_microusd, counted, created_at)
  select p_step.run_id, p_step.key, p_lease_epoch, u.number, p_step.workspace_id, r.goal_id, p_step.agent_id,
         coalesce(u.value ->> 'provider', 'unknown'), coalesce(u.value ->> 'model', 'unknown'),
         least(greatest(coalesce((u.value ->> 'input_tokens')::numeric, 0), 0), 1e12),
         least(greatest(coalesce((u.value ->> 'output_tokens')::numeric, 0), 0), 1e12),
         least(greatest(coalesce((u.value ->> 'cached_tokens')::numeric, 0), 0), 1e12),
         least(greatest(coalesce((u.value ->> 'cost_microusd')::numeric, 0), 0), 1e12),
         p_counted, p_now
    from jsonb_array_elements(case jsonb_typeof(p_usage) when 'array' then p_usage else '[]' end)
         with ordinality u (value, number)
    join goalpost.workflow_runs r on r.id = p_step.run_id
  on conflict do nothing;
$$;

-- Judges one outcome on its own epoch and carries it out. The verdict:
--   accepted    it counted
--   repeated    this epoch's outcome had been accepted before; nothing changed
--   lease_lost  the step was taken from this worker; nothing changed but its cost is booked
--   refused     what it brought is not acceptable (a plan that breaks a rule): the step is still its own
create function goalpost_private.settle_outcome(
  p_outcome jsonb, p_now timestamptz, out verdict text, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
  v_epoch bigint := (p_outcome ->> 'lease_epoch')::bigint;
  v_error jsonb := p_outcome -> 'error';
  v_max_result_bytes integer := (select max_result_bytes from goalpost_private.limits);
begin
  functions := '{}';
  select * into v_step from goalpost.steps
   where run_id = (p_outcome ->> 'run_id')::bigint and key = p_outcome ->> 'step_key'
     for update;
  if not found then
    verdict := 'refused';
    message := 'there is no such step';
    return;
  end if;

  perform goalpost_private.book_usage(
    v_step, v_epoch, p_outcome -> 'usage', v_step.lease_epoch = v_epoch, p_now);
  if v_step.lease_epoch is distinct from v_epoch then
    verdict := 'lease_lost';
    return;
  end if;
  if v_step.state <> 'running' then
    verdict := 'repeated';
    return;
  end if;

  verdict := 'accepted';
  case p_outcome ->> 'outcome'
    when 'completed' then
      if octet_length((p_outcome -> 'result')::text) > v_max_result_bytes then
        functions := goalpost_private.fail_step(
          v_step,
          jsonb_build_object(
            'code', 'result_too_large', 'retryable', false,
            'message', format('the result has more than %s bytes; ask for less', v_max_result_bytes)),
          'failed', p_now);
        return;
      end if;
      select c.message, c.functions into message, functions
        from goalpost_private.conclude_step(v_step, coalesce(p_outcome -> 'result', 'null'), p_now) c;
      if message is not null then
        verdict := 'refused';
      end if;
    when 'failed' then
      v_error := jsonb_build_object('code', 'unknown', 'message', 'no reason given', 'retryable', true)
        || case jsonb_typeof(v_error) when 'object' then v_error else '{}' end;
      -- It is kept in the step, its attempt, its dead letter and the history: bounded.
      functions := goalpost_private.fail_step(
        v_step, v_error || jsonb_build_object('message', left(v_error ->> 'message', 4000)), 'failed', p_now);
    when 'waiting' then
      update goalpost.steps
         set state = 'waiting', lease_expires_at = null, started_at = null,
             run_after = p_now + make_interval(
               secs => least(greatest(coalesce((p_outcome ->> 'resume_after_seconds')::double precision, 1), 0), 31536000))
       where run_id = v_step.run_id and key = v_step.key;
      perform goalpost_private.append_event(v_step.run_id, v_step.key, 'step.waiting', null, p_now);
    when 'released' then
      update goalpost.steps
         set state = 'ready', lease_expires_at = null, run_after = p_now, started_at = null
       where run_id = v_step.run_id and key = v_step.key;
      functions := array[goalpost_private.function_of(v_step.kind)];
    else
      verdict := 'refused';
      message := 'the outcome must be completed, failed, waiting or released';
  end case;
end
$$;

-- Completes a step by what its kind means. A message says why it was refused; then nothing has changed.
create function goalpost_private.conclude_step(
  p_step goalpost.steps, p_result jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
begin
  case p_step.kind
    when 'assess' then
      select a.message, a.functions into message, functions
        from goalpost_private.apply_assessment(p_step, p_result, p_now) a;
    when 'plan' then
      select a.message, a.functions into message, functions
        from goalpost_private.apply_plan(p_step, p_result, p_now) a;
    when 'judge' then
      select a.message, a.functions into message, functions
        from goalpost_private.apply_judgement(p_step, p_result, p_now) a;
    else
      functions := goalpost_private.complete_step(p_step, p_result, p_now);
  end case;
end
$$;

-- Claims ready work for a function that has just been woken.
-- Called by every function at the start of a drain. Not safe to repeat blindly: a lost answer leaves leases that
-- run out by themselves. Acknowledging the wake first, in the same transaction, closes the gap between "nothing to
-- do" and work that became ready while a bell was thought to be ringing already (ring, …0700).
create function goalpost_worker.claim_steps(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_wake_id bigint default null
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  if p_wake_id is not null then
    update goalpost.wakes set acknowledged_at = goalpost_private.clock()
     where id = p_wake_id and acknowledged_at is null;
  end if;
  if 'assess' = any (p_kinds) then
    perform goalpost_private.adopt_requests(p_limit, goalpost_private.clock());
  end if;
  return goalpost_private.claim_described(
    p_kinds, p_limit, p_lease_seconds, left(p_worker, 100), goalpost_private.clock());
end
$$;

-- Ends steps and hands back the next work: {"outcomes": [verdicts], "claimed": [steps]}.
-- Called by every function while it drains. Safe to repeat: each outcome is judged on its own epoch.
-- Locks the trees of all outcomes first. A drain ends when this (or claim_steps) claimed nothing and nothing is in
-- flight: whatever becomes ready afterwards rings by itself.
create function goalpost_worker.finish_steps(
  p_outcomes jsonb, p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_outcome jsonb;
  v_judged jsonb := '[]';
  v_claimed jsonb;
  v_verdict record;
  v_functions text[] := '{}';
begin
  if jsonb_typeof(p_outcomes) <> 'array' or jsonb_array_length(p_outcomes) > 100 then
    perform goalpost_private.refuse('ZG003', 'outcomes must be an array of at most 100');
  end if;

  perform goalpost_private.lock_trees(
    array(select (o ->> 'run_id')::bigint from jsonb_array_elements(p_outcomes) o));
  v_now := goalpost_private.clock();
  for v_outcome in select o from jsonb_array_elements(p_outcomes) o loop
    v_verdict := goalpost_private.settle_outcome(v_outcome, v_now);
    v_functions := v_functions || v_verdict.functions;
    v_judged := v_judged || jsonb_build_object(
      'run_id', v_outcome -> 'run_id', 'step_key', v_outcome -> 'step_key',
      'verdict', v_verdict.verdict, 'message', v_verdict.message);
  end loop;

  v_claimed := goalpost_private.claim_described(p_kinds, p_limit, p_lease_seconds, left(p_worker, 100), v_now);
  perform goalpost_private.ring(v_functions, v_claimed, v_now);
  return jsonb_build_object('outcomes', v_judged, 'claimed', v_claimed);
end
$$;

-- Extends leases and says which are still held: [{"run_id", "step_key", "held"}].
-- Called by every function while it works. Safe to repeat. Waits for nobody: a step that is just being moved by
-- another transaction is not extended this time, and the next heartbeat tells.
create function goalpost_worker.heartbeat_steps(p_leases jsonb, p_lease_seconds integer) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz := goalpost_private.clock();
begin
  if jsonb_typeof(p_leases) <> 'array' or jsonb_array_length(p_leases) > 100
     or p_lease_seconds is null or p_lease_seconds < 1 or p_lease_seconds > 3600 then
    perform goalpost_private.refuse('ZG003', 'leases must be an array of at most 100, each of 1 to 3600 seconds');
  end if;

  with held as (
    select s.run_id, s.key
      from jsonb_to_recordset(p_leases) l (run_id bigint, step_key text, lease_epoch bigint)
      join goalpost.steps s on s.run_id = l.run_id and s.key = l.step_key
     where s.state = 'running' and s.lease_epoch = l.lease_epoch
       for no key update of s skip locked
  )
  update goalpost.steps s
     set lease_expires_at = v_now + make_interval(secs => p_lease_seconds)
    from held h
   where s.run_id = h.run_id and s.key = h.key;

  return (
    select coalesce(jsonb_agg(jsonb_build_object(
             'run_id', l.run_id, 'step_key', l.step_key,
             'held', coalesce(s.state = 'running' and s.lease_epoch = l.lease_epoch, false))), '[]')
      from jsonb_to_recordset(p_leases) l (run_id bigint, step_key text, lease_epoch bigint)
      left join goalpost.steps s on s.run_id = l.run_id and s.key = l.step_key);
end
$$;

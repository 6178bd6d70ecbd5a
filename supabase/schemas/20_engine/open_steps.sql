-- The opening of steps: how a step becomes ready, waits or is skipped once its dependencies have ended. Claims and
-- outcomes are in claim_steps.sql and finish_steps.sql.
-- All kinds of steps share one state machine. All functions below expect the tree's lock (lock_trees).
--
-- Functions that make work ready return the functions to wake, one element per ready step ('executor', …): the
-- outermost call first claims steps for its own worker and then sends wakes for the rest (send_wakes.sql).

-- Returns true if a step whose dependencies have all ended has to be skipped: none of them completed, or its condition
-- is not met. A judge is never skipped: it reports why nothing was done.
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

-- Decrements the dependency counts of the steps that wait for p_ended (which have all ended) and opens those that wait
-- for nothing more: an approval, a sub-goal and a step to be skipped at once; steps for functions are returned in
-- `opened`, still pending, and the caller claims them (take_steps) or makes them ready (make_ready).
-- must_skip is not called for the judge and for unconditional steps behind a completed one, because it would return
-- false.
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
   -- A step that is no longer pending had begun before this dependency existed: it delegated to it.
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

-- Opens one step that waits for nothing more: pending -> waiting | skipped, or it is returned as `opened`.
create function goalpost_private.open_step(
  p_step goalpost.steps, p_now timestamptz, out opened goalpost.steps[], out functions text[]
)
language plpgsql
set search_path = ''
as $$
begin
  opened := '{}';
  functions := '{}';
  -- Skipping the last step, or a sub-goal over its caps, may have ended the run, and this step with it.
  update goalpost.steps set remaining_dependencies = 0
   where run_id = p_step.run_id and key = p_step.key and state = 'pending';
  if not found then
    return;
  end if;
  if goalpost_private.must_skip(p_step) then
    functions := goalpost_private.skip_step(p_step, p_now);
  elsif p_step.kind = 'approval' then
    functions := goalpost_private.open_approval(p_step, p_now);
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

-- Opens steps whose dependencies have ended: pending -> ready | waiting | skipped. Returns the functions to wake.
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

-- Decrements the dependency counts of the steps that wait for this one, which has just ended, and opens those that wait
-- for nothing more.
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

-- Skips a step: pending -> skipped.
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

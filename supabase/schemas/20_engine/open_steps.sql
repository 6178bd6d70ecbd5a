-- The engine, first half: how a step becomes ready, how it ends, and what its end does to others.
-- Claims and outcomes are in claim_steps.sql and finish_steps.sql.
-- One state machine for every kind of step. All functions below expect
-- the tree's lock to be held: see lock_trees.
--
-- Functions that make work ready return the functions to wake, one element per ready step ('executor', …),
-- so that the outermost call can ring once, after it has claimed for itself what it can (ring.sql).

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

-- Judges one outcome on its own epoch and applies it, for outcomes that complete_steps left. The verdict:
--   accepted    the outcome was applied
--   repeated    this epoch's outcome had been accepted before; nothing changed
--   lease_lost  the step was taken from this worker; nothing changed
--   refused     the result is not acceptable (a plan that breaks a rule); the worker still holds the step
create function goalpost_private.apply_outcome(
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
   where run_id = (p_outcome ->> 'run_id')::bigint and key = p_outcome ->> 'step_key';
  if not found then
    verdict := 'refused';
    message := 'there is no such step';
    return;
  end if;

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
      -- The stored size is compared first (short numbers take up to eight times their text): some values are larger
      -- than memory as text.
      if (case when pg_column_size(p_outcome -> 'result') > 8 * v_max_result_bytes then true
               else octet_length((p_outcome -> 'result')::text) > v_max_result_bytes end) then
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
      -- The error is bounded, because it is stored with the step, its attempt, its dead letter and the history.
      functions := goalpost_private.fail_step(
        v_step, v_error || jsonb_build_object('message', left(v_error ->> 'message', 4000)), 'failed', p_now);
    when 'waiting' then
      if p_outcome ->> 'for' = 'others' then
        functions := goalpost_private.wait_for_others(v_step, p_now);
        return;
      end if;
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

-- Completes a step according to its kind. Returns a message if the result is refused; then nothing has changed.
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
    when 'analyze' then
      select a.message, a.functions into message, functions
        from goalpost_private.apply_analysis(p_step, p_result, p_now) a;
    else
      functions := goalpost_private.complete_step(p_step, p_result, p_now);
  end case;
end
$$;

-- Completes all outcomes that can be completed at once, and opens their dependents. `numbers`: the places of the
-- outcomes that were applied.
create function goalpost_private.end_completed(
  p_outcomes jsonb, p_now timestamptz, out numbers bigint[], out opened goalpost.steps[], out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_completed goalpost.steps[];
  v_step goalpost.steps;
begin
  select c.completed, c.numbers into v_completed, numbers from goalpost_private.complete_steps(p_outcomes, p_now) c;
  functions := '{}';
  if cardinality(v_completed) = 0 then
    return;
  end if;
  select o.opened, o.functions into opened, functions from goalpost_private.open_dependents(v_completed, p_now) o;
  foreach v_step in array v_completed loop
    if v_step.ends_run then
      functions := functions || goalpost_private.end_run(
        v_step.run_id, 'completed', null, v_step.result, v_step.result ->> 'text', p_now);
    end if;
  end loop;
end
$$;

-- Judges the outcomes that are not among p_accepted one by one; `verdicts` contains those of all outcomes, in order.
create function goalpost_private.judge_outcomes(
  p_outcomes jsonb, p_accepted bigint[], p_now timestamptz, out verdicts jsonb, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_outcome record;
  v_judged record;
  v_verdicts jsonb := '{}';
begin
  functions := '{}';
  for v_outcome in
    select o.value, o.number from jsonb_array_elements(p_outcomes) with ordinality o (value, number)
     where o.number <> all (p_accepted)
     order by o.number
  loop
    v_judged := goalpost_private.apply_outcome(v_outcome.value, p_now);
    functions := functions || v_judged.functions;
    v_verdicts := v_verdicts || jsonb_build_object(
      v_outcome.number, jsonb_build_object('verdict', v_judged.verdict, 'message', v_judged.message));
  end loop;
  select coalesce(jsonb_agg(
           jsonb_build_object('run_id', o.value -> 'run_id', 'step_key', o.value -> 'step_key')
           || coalesce(v_verdicts -> o.number::text, '{"verdict": "accepted", "message": null}') order by o.number), '[]')
    into verdicts
    from jsonb_array_elements(p_outcomes) with ordinality o (value, number);
end
$$;

-- Applies outcomes and claims the next work: {"outcomes": [verdicts], "claimed": [steps]}. Ended calls that travel with
-- an outcome (its `calls`) are recorded before the outcome is judged.
-- Called by every function during a drain. Safe to repeat: each outcome is judged on its own epoch, and with p_holding
-- the steps of a lost reply are returned again (recall_steps).
-- Locks the trees of all outcomes first. A drain ends when this (or claim_steps) claimed no step and no step is in
-- flight: a transaction that makes work ready afterwards sends a new wake.
create function goalpost_worker.finish_steps(
  p_outcomes jsonb, p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text,
  p_holding jsonb default null
) returns jsonb
language plpgsql security definer
set search_path = ''
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now timestamptz;
  v_ended record;
  v_judged record;
  v_claimed record;
begin
  if jsonb_typeof(p_outcomes) <> 'array' or jsonb_array_length(p_outcomes) > 100 then
    perform goalpost_private.refuse('ZG003', 'outcomes must be an array of at most 100');
  end if;

  perform goalpost_private.lock_trees(
    array(select (o ->> 'run_id')::bigint from jsonb_array_elements(p_outcomes) o));
  v_now := goalpost_private.clock();
  if p_outcomes @? '$[*].calls[0]' then
    perform goalpost_private.record_calls_of_outcomes(p_outcomes, v_now);
  end if;
  v_ended := goalpost_private.end_completed(p_outcomes, v_now);
  v_judged := goalpost_private.judge_outcomes(p_outcomes, v_ended.numbers, v_now);
  v_claimed := goalpost_private.claim_described(
    p_kinds, p_limit, p_lease_seconds, left(p_worker, 100), p_holding || p_outcomes, v_ended.opened, false, v_now);
  if cardinality(v_ended.functions || v_judged.functions || v_claimed.functions) > 0 then
    perform goalpost_private.send_wakes(
      v_ended.functions || v_judged.functions || v_claimed.functions, v_claimed.claimed, v_now);
  end if;
  if v_claimed.isolated_left > 0 then
    perform goalpost_private.send_wakes_for_isolated_steps(p_kinds, v_claimed.isolated_left, v_now);
  end if;
  return jsonb_build_object('outcomes', v_judged.verdicts, 'claimed', v_claimed.claimed);
end
$$;

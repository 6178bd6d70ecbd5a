-- Ends a turn and books its cost, on the turn's row, as its usage row and on every cap that it counts towards; releases
-- the rest of the reservation. p_turn is the row with its end: state, tokens, answer, error. Transition: asked ->
-- answered | failed | unknown, or unknown -> failed where a late end reports the cost. An unknown end counts as the
-- whole reservation. The booked cost is within the reservation, so that no cap is exceeded.
-- Called by end_turn, abandon_turn and settle_abandoned_turns. Safe to repeat: a turn is booked once, and a second time
-- only if it was unknown and its cost is known now; then the difference is booked. Raises nothing. Locks the turn, then
-- the caps.
create function goalpost_private.settle_turn(p_turn goalpost.step_turns, p_counted boolean, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_before goalpost.step_turns;
  v_after goalpost.step_turns;
begin
  perform goalpost_private.release_slots(p_turn.run_id, p_turn.step_key, 'turn', p_turn.number, p_now);
  select t.* into v_before from goalpost.step_turns t
   where t.run_id = p_turn.run_id and t.step_key = p_turn.step_key and t.number = p_turn.number
     for no key update;
  if v_before.is_settled and (v_before.state <> 'unknown' or p_turn.state = 'unknown') then
    return;
  end if;
  v_after := goalpost_private.booked_turn(p_turn);

  perform goalpost_private.lock_budgets(p_turn.run_id, p_turn.asked_at);
  update goalpost.budgets b
     set spent_microusd = b.spent_microusd + v_after.cost_microusd - v_before.cost_microusd,
         spent_tokens = b.spent_tokens + v_after.input_tokens + v_after.output_tokens
                        - v_before.input_tokens - v_before.output_tokens,
         reserved_microusd = greatest(b.reserved_microusd - case when v_before.is_settled then 0
                                                                 else v_before.reserved_microusd end, 0),
         reserved_tokens = greatest(b.reserved_tokens - case when v_before.is_settled then 0
                                                             else v_before.max_input_tokens + v_before.max_output_tokens end, 0)
    from goalpost_private.budgets_of(p_turn.run_id, p_turn.asked_at) o
   where b.workspace_id = o.workspace_id and b.scope = o.scope and b.key = o.key;
  update goalpost.step_turns t
     set state = v_after.state, ended_at = p_now, input_tokens = v_after.input_tokens, output_tokens = v_after.output_tokens,
         cached_tokens = v_after.cached_tokens, cache_write_tokens = v_after.cache_write_tokens,
         reasoning_tokens = v_after.reasoning_tokens, cost_microusd = v_after.cost_microusd, is_settled = true,
         is_estimate = v_after.is_estimate, answer = v_after.answer, error = v_after.error
   where t.run_id = p_turn.run_id and t.step_key = p_turn.step_key and t.number = p_turn.number;
  insert into goalpost.usage_events
    (run_id, step_key, number, lease_epoch, workspace_id, goal_id, agent_id, provider, model,
     input_tokens, output_tokens, cached_tokens, cost_microusd, duration_ms, counted, is_estimate, created_at)
  select s.run_id, s.key, v_after.number, v_after.lease_epoch, s.workspace_id, r.goal_id, s.agent_id, v_after.provider,
         v_after.model, v_after.input_tokens, v_after.output_tokens, v_after.cached_tokens, v_after.cost_microusd,
         greatest(round(extract(epoch from p_now - v_after.asked_at) * 1000), 0), p_counted, v_after.is_estimate, p_now
    from goalpost.steps s
    join goalpost.workflow_runs r on r.id = s.run_id
   where s.run_id = p_turn.run_id and s.key = p_turn.step_key
  on conflict (run_id, step_key, number) do update
    set input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cached_tokens = excluded.cached_tokens,
        cost_microusd = excluded.cost_microusd, duration_ms = excluded.duration_ms, is_estimate = excluded.is_estimate;
  perform goalpost_private.wake_budget_waiters(p_turn.workspace_id, p_now);
end
$$;

-- Returns the turn with the booked tokens and cost: within its bounds, and all of them if it is unknown. The price is
-- the one at the time of the call. At the ceiling, which has no date, the cost is an estimate.
create function goalpost_private.booked_turn(p_turn goalpost.step_turns) returns goalpost.step_turns
language plpgsql stable
set search_path = ''
as $$
declare
  v_price constant goalpost.model_prices := goalpost_private.price_of(p_turn.provider, p_turn.model, p_turn.asked_at);
begin
  if p_turn.state = 'unknown' then
    p_turn.input_tokens := p_turn.max_input_tokens;
    p_turn.output_tokens := p_turn.max_output_tokens;
    p_turn.cost_microusd := p_turn.reserved_microusd;
    p_turn.is_estimate := true;
    return p_turn;
  end if;
  p_turn.input_tokens := least(p_turn.input_tokens, p_turn.max_input_tokens);
  p_turn.output_tokens := least(p_turn.output_tokens, p_turn.max_output_tokens);
  p_turn.cached_tokens := least(p_turn.cached_tokens, p_turn.input_tokens);
  p_turn.cache_write_tokens := least(p_turn.cache_write_tokens, p_turn.input_tokens - p_turn.cached_tokens);
  p_turn.cost_microusd := least(goalpost_private.cost_of_turn(p_turn, v_price), p_turn.reserved_microusd);
  p_turn.is_estimate := p_turn.is_estimate or v_price.valid_from is null;
  return p_turn;
end
$$;

-- Ends a turn whose end will not be reported: asked -> unknown. It counts as the whole reservation. Called by
-- begin_turn for a turn that the same worker left, by read_journal for those of an earlier one, and by the sweep. Safe
-- to repeat.
create function goalpost_private.abandon_turn(
  p_turn goalpost.step_turns, p_message text, p_counted boolean, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
begin
  p_turn.state := 'unknown';
  p_turn.error := jsonb_build_object('code', 'unknown', 'message', p_message, 'retryable', true);
  perform goalpost_private.settle_turn(p_turn, p_counted, p_now);
end
$$;

-- Settles turns whose step has ended without them: asked -> unknown, spent as reserved. Called by the sweep. Bounded,
-- and limited to one workspace and month per call: a second month's cap, locked after a run's, would break the order of
-- locks.
create function goalpost_private.settle_abandoned_turns(p_now timestamptz) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_turn goalpost.step_turns;
  v_first goalpost.step_turns;
  v_count integer := 0;
begin
  select t.* into v_first
    from goalpost.step_turns t
    join goalpost.steps s on s.run_id = t.run_id and s.key = t.step_key
   where t.state = 'asked' and s.state in ('completed', 'failed', 'skipped', 'cancelled')
   order by random()
   limit 1;
  if not found then
    return 0;
  end if;
  for v_turn in
    select t.*
      from goalpost.step_turns t
      join goalpost.steps s on s.run_id = t.run_id and s.key = t.step_key
     where t.state = 'asked' and t.workspace_id = v_first.workspace_id
       and date_trunc('month', t.asked_at at time zone 'UTC') = date_trunc('month', v_first.asked_at at time zone 'UTC')
       and s.state in ('completed', 'failed', 'skipped', 'cancelled')
     order by t.run_id, t.step_key, t.number
     limit 100
       for update of t skip locked
  loop
    begin
      perform goalpost_private.abandon_turn(v_turn, 'its step ended before its end was reported', false, p_now);
      v_count := v_count + 1;
    exception when others then
      -- An error of one row must not stop the sweep for all others.
      raise warning 'turn % of step % of run % cannot be settled: %', v_turn.number, v_turn.step_key, v_turn.run_id, sqlerrm;
    end;
  end loop;
  return v_count;
end
$$;

-- Books what a question cost, once it is answered, failed or unknown, and gives back what was set aside beyond it. What
-- it cost, by the price at which it was asked: unknown counts as all that was set aside, and so does a failure that may
-- have been charged; a failure that was not, nothing. Safe to repeat: it is booked once; a late truth about what had
-- been unknown takes the place of the estimate. Called by whoever ends a turn, which has its end and its tokens by
-- then.
create function goalpost_private.settle_turn(p_turn goalpost.step_turns, p_counted boolean, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_reserved_tokens constant bigint :=
    p_turn.max_input_tokens + p_turn.max_output_tokens + goalpost_private.added_input_tokens();
  v_is_estimate constant boolean := p_turn.state = 'unknown'
    or (p_turn.state = 'failed' and coalesce(p_turn.error @> '{"charged": "unknown"}', false));
  v_cost constant bigint := case when v_is_estimate then p_turn.reserved_microusd
    else least(goalpost_private.cost_of_turn(p_turn), p_turn.reserved_microusd) end;
  v_tokens constant bigint := case when v_is_estimate then v_reserved_tokens
    else least(p_turn.input_tokens + p_turn.output_tokens, v_reserved_tokens) end;
  v_before goalpost.step_turns;
begin
  perform goalpost_private.release_slots(p_turn.run_id, p_turn.step_key, 'turn', p_turn.number, p_now);
  -- Its row comes before the caps, as it does where its end was just written.
  select t.* into v_before from goalpost.step_turns t
   where t.run_id = p_turn.run_id and t.step_key = p_turn.step_key and t.number = p_turn.number
     for no key update;
  if v_before.is_settled and (v_is_estimate or not v_before.is_estimate) then
    return;
  end if;

  perform goalpost_private.lock_budgets(p_turn.run_id, p_turn.asked_at);
  update goalpost.budgets b
     set spent_microusd = b.spent_microusd + v_cost - case when v_before.is_settled then v_before.cost_microusd else 0 end,
         spent_tokens = b.spent_tokens + v_tokens - case when v_before.is_settled then v_reserved_tokens else 0 end,
         reserved_microusd = greatest(
           b.reserved_microusd - case when v_before.is_settled then 0 else p_turn.reserved_microusd end, 0),
         reserved_tokens = greatest(
           b.reserved_tokens - case when v_before.is_settled then 0 else v_reserved_tokens end, 0)
    from goalpost_private.budgets_of(p_turn.run_id, p_turn.asked_at) o
   where b.workspace_id = o.workspace_id and b.scope = o.scope and b.key = o.key;
  update goalpost.step_turns t set cost_microusd = v_cost, is_settled = true, is_estimate = v_is_estimate
   where t.run_id = p_turn.run_id and t.step_key = p_turn.step_key and t.number = p_turn.number;
  insert into goalpost.usage_events as u
    (run_id, step_key, lease_epoch, number, workspace_id, goal_id, agent_id, provider, model,
     input_tokens, output_tokens, cached_tokens, cost_microusd, counted, is_estimate, created_at)
  select s.run_id, s.key, p_turn.lease_epoch, p_turn.number, s.workspace_id, r.goal_id, s.agent_id, p_turn.provider,
         p_turn.model, p_turn.input_tokens, p_turn.output_tokens, p_turn.cached_tokens, v_cost, p_counted, v_is_estimate, p_now
    from goalpost.steps s
    join goalpost.workflow_runs r on r.id = s.run_id
   where s.run_id = p_turn.run_id and s.key = p_turn.step_key
  on conflict (run_id, step_key, lease_epoch, number) do update
    set provider = excluded.provider, model = excluded.model, input_tokens = excluded.input_tokens,
        output_tokens = excluded.output_tokens, cached_tokens = excluded.cached_tokens,
        cost_microusd = excluded.cost_microusd, is_estimate = excluded.is_estimate;
end
$$;

-- Settles questions whose step has ended without them: asked -> unknown, spent as set aside. Called by the sweep.
-- Bounded, and of one workspace and month at a time: a second month's cap, locked after a run's, would break the order
-- of locks.
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
      update goalpost.step_turns t set state = 'unknown', ended_at = p_now
       where t.run_id = v_turn.run_id and t.step_key = v_turn.step_key and t.number = v_turn.number
      returning t.* into v_turn;
      perform goalpost_private.settle_turn(v_turn, false, p_now);
      v_count := v_count + 1;
    exception when others then
      -- What one row raises must not keep the sweep from all others.
      raise warning 'turn % of step % of run % cannot be settled: %', v_turn.number, v_turn.step_key, v_turn.run_id, sqlerrm;
    end;
  end loop;
  return v_count;
end
$$;

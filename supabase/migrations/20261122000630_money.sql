-- Money: what a turn may cost is set aside before it is asked, and what it cost is settled after.

-- Sets aside what a question may cost at most. A refusal is what begin_turn replies instead of a number.
create function goalpost_private.reserve_turn(
  p_step goalpost.steps, p_ask jsonb, p_now timestamptz, out refusal jsonb, out reserved_microusd bigint
)
language plpgsql
set search_path = ''
as $$
begin
  reserved_microusd := 0;
end
$$;

-- Books what a question cost, once it is answered, failed or unknown, and gives back what was set aside beyond it.
create function goalpost_private.settle_turn(p_turn goalpost.step_turns, p_counted boolean, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.usage_events
    (run_id, step_key, lease_epoch, number, workspace_id, goal_id, agent_id, provider, model,
     input_tokens, output_tokens, cached_tokens, cost_microusd, counted, created_at)
  select s.run_id, s.key, p_turn.lease_epoch, p_turn.number, s.workspace_id, r.goal_id, s.agent_id, p_turn.provider,
         p_turn.model, p_turn.input_tokens, p_turn.output_tokens, p_turn.cached_tokens, p_turn.cost_microusd, p_counted, p_now
    from goalpost.steps s
    join goalpost.workflow_runs r on r.id = s.run_id
   where s.run_id = p_turn.run_id and s.key = p_turn.step_key
  on conflict do nothing;
$$;

-- Money: the upper bound of a paid model call's cost is reserved before the call, and its actual cost is settled after
-- it.
--
-- spent + reserved never exceeds a cap. A reservation is an upper bound (the request's bytes counted as tokens, or the
-- maximum input of the model, at the highest input price, and the maximum output), so that settling only releases
-- money. Caps are rows, locked in one order everywhere: the workspace's month, the person's day, then runs from the
-- root down; the tree's lock, where it is held, comes before all of them. A call without known bounds is refused.

-- Reserves the upper bound of a turn's cost: the bounds of its tokens and their price. `refusal` is what begin_turn
-- replies instead of a number. Called by begin_turn, once per turn; p_ask: {"purpose", "provider", "model",
-- "max_input_tokens", "max_output_tokens"}. Refusals: {"wait": …} if a limit has no slot at present (rate_limits.sql)
-- or only reservations fill a cap, {"refused": {"code": "budget_exhausted", …}} at a cap, or {"waits_for_person": id}
-- if on_exhausted of the request, or else of the workspace, is ask. A refused turn reserves nothing. Raises ZG003 for a
-- turn without bounds. Locks the rows of the caps; expects the tree's lock.
create function goalpost_private.reserve_turn(
  p_step goalpost.steps, p_ask jsonb, p_now timestamptz, out refusal jsonb, out reserved_microusd bigint,
  out max_input_tokens bigint, out max_output_tokens bigint
)
language plpgsql
set search_path = ''
as $$
declare
  v_price constant goalpost.model_prices := goalpost_private.price_of(p_ask ->> 'provider', p_ask ->> 'model', p_now);
  v_cost bigint;
  v_tokens bigint;
  v_full goalpost.budgets;
begin
  -- least() ignores nulls: the limits of a model may be unknown.
  max_input_tokens := least((p_ask ->> 'max_input_tokens')::bigint + goalpost_private.added_input_tokens(), v_price.context_tokens);
  max_output_tokens := least((p_ask ->> 'max_output_tokens')::bigint, v_price.max_output_tokens);
  if (p_ask ->> 'max_input_tokens') is null or (p_ask ->> 'max_output_tokens') is null
     or max_input_tokens < 0 or max_output_tokens < 0 then
    perform goalpost_private.refuse('ZG003', 'a model call has a bound for what goes in and what comes out');
  end if;
  v_cost := goalpost_private.cost_of_tokens(
              max_input_tokens, greatest(v_price.input_microusd, v_price.cached_microusd, v_price.cache_write_microusd))
            + goalpost_private.cost_of_tokens(max_output_tokens, v_price.output_microusd);
  v_tokens := max_input_tokens + max_output_tokens;

  perform goalpost_private.open_budgets(p_step.run_id, p_now);
  perform goalpost_private.lock_budgets(p_step.run_id, p_now);
  select b.* into v_full
    from goalpost_private.budgets_of(p_step.run_id, p_now) o
    join goalpost.budgets b using (workspace_id, scope, key)
   where b.spent_microusd + b.reserved_microusd + v_cost > b.cap_microusd
      or b.spent_tokens + b.reserved_tokens + v_tokens > b.cap_tokens
   -- The narrowest cap comes first, because a person can change most about it.
   order by o.place desc
   limit 1;
  if found then
    refusal := goalpost_private.refuse_at_cap(p_step, p_ask, v_price, v_full, v_cost, v_tokens, p_now);
    return;
  end if;
  refusal := goalpost_private.acquire_turn_slots(p_step, p_ask, p_now);
  if refusal is not null then
    return;
  end if;
  update goalpost.budgets b
     set reserved_microusd = b.reserved_microusd + v_cost, reserved_tokens = b.reserved_tokens + v_tokens
    from goalpost_private.budgets_of(p_step.run_id, p_now) o
   where b.workspace_id = o.workspace_id and b.scope = o.scope and b.key = o.key;
  reserved_microusd := v_cost;
end
$$;

-- Returns the refusal of a turn at a cap without room. Reservations of turns under way are released, except for their
-- cost: if they alone fill the cap, the step waits for that, and no person is asked. An embedding neither waits nor
-- asks, since its step continues without it.
create function goalpost_private.refuse_at_cap(
  p_step goalpost.steps, p_ask jsonb, p_price goalpost.model_prices, p_full goalpost.budgets, p_microusd bigint,
  p_tokens bigint, p_now timestamptz
) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if p_ask ->> 'purpose' = 'embed' then
    return jsonb_build_object('refused', jsonb_build_object(
      'code', 'budget_exhausted', 'retryable', false, 'cap', p_full.scope, 'message', 'a cap has no room for the embedding'));
  end if;
  if not goalpost_private.has_room(p_step.run_id, p_now, p_microusd, p_tokens, false) then
    return goalpost_private.refuse_spending(p_step, p_price, p_full, p_microusd, p_tokens, p_now);
  end if;
  perform goalpost_private.wait_for_budget(p_step, p_microusd, p_tokens, p_now);
  return jsonb_build_object('wait', jsonb_build_object(
    'seconds', 30, 'reason', 'model calls under way have reserved what is left of a cap'));
end
$$;

-- Returns true if all caps of a run have room for a turn, with or without the reservations of others.
create function goalpost_private.has_room(
  p_run_id bigint, p_now timestamptz, p_microusd bigint, p_tokens bigint, p_counts_reserved boolean
) returns boolean
language sql stable
set search_path = ''
as $$
  select coalesce(bool_and(
           b.spent_microusd + p_microusd + case when p_counts_reserved then b.reserved_microusd else 0 end <= b.cap_microusd
           and b.spent_tokens + p_tokens + case when p_counts_reserved then b.reserved_tokens else 0 end <= b.cap_tokens), true)
    from goalpost_private.budgets_of(p_run_id, p_now) o
    join goalpost.budgets b using (workspace_id, scope, key)
$$;

-- Returns the refusal at a cap without room, or opens the question to a person to raise it. In a tree, one such
-- question per cap is shown and decides all others.
create function goalpost_private.refuse_spending(
  p_step goalpost.steps, p_price goalpost.model_prices, p_budget goalpost.budgets, p_microusd bigint, p_tokens bigint,
  p_now timestamptz
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_name constant text := case p_budget.scope when 'workspace_month' then 'this workspace in this month'
    when 'user_day' then 'the requester on this day' when 'run' then 'this request' end;
  v_message constant text := format(
    'the cap of %s is used up: %s of %s and %s of %s tokens are spent or reserved, and the next model call may take %s and %s tokens (%s)',
    v_name, goalpost_private.dollars(p_budget.spent_microusd + p_budget.reserved_microusd),
    goalpost_private.dollars(p_budget.cap_microusd), p_budget.spent_tokens + p_budget.reserved_tokens, p_budget.cap_tokens,
    goalpost_private.dollars(p_microusd), p_tokens, goalpost_private.price_in_words(p_price));
  v_asks constant boolean := (
    select coalesce(q.budget ->> 'on_exhausted', w.on_exhausted) = 'ask'
      from goalpost.workflow_runs r join goalpost.requests q on q.id = r.request_id
      join goalpost.workspaces w on w.id = r.workspace_id where r.id = p_step.run_id);
  v_subject constant jsonb := jsonb_build_object(
    'scope', p_budget.scope, 'key', p_budget.key,
    'max_microusd', least(greatest(2 * p_budget.cap_microusd, p_budget.spent_microusd + p_budget.reserved_microusd + 2 * p_microusd), 1000000000000),
    'max_tokens', least(greatest(2 * p_budget.cap_tokens, p_budget.spent_tokens + p_budget.reserved_tokens + 2 * p_tokens), 1000000000000));
  v_first_id bigint;
begin
  if not v_asks then
    return jsonb_build_object('refused', jsonb_build_object(
      'code', 'budget_exhausted', 'retryable', false, 'cap', p_budget.scope,
      'message', v_message || '; ask with a higher budget, or have the cap raised'));
  end if;
  select min(a.id) into v_first_id
    from goalpost.approvals a
    join goalpost.workflow_runs r on r.id = a.run_id
   where a.kind = 'budget' and a.state = 'pending' and a.decided_with is null
     and a.workspace_id = p_step.workspace_id and a.subject @> jsonb_build_object('scope', p_budget.scope, 'key', p_budget.key)
     and r.root_run_id = (select o.root_run_id from goalpost.workflow_runs o where o.id = p_step.run_id);
  return jsonb_build_object('waits_for_person', goalpost_private.ask_person(
    p_step, 'budget', null, format('%s. May it be raised?', v_message),
    jsonb_build_object('cap', to_jsonb(p_budget) - 'workspace_id'), p_now,
    jsonb_build_object('subject', v_subject, 'decided_with', v_first_id,
      'required_role', case p_budget.scope when 'run' then 'approver' else 'admin' end)));
end
$$;

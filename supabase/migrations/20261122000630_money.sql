-- Money: what a question to a model may cost is set aside before it is asked, and what it cost is settled after.
--
-- The one thing to know: spent + reserved never exceeds a cap. A reservation is an upper bound (the request's bytes
-- counted as tokens at the dearest price of what goes in, and the most that may come out), so that settling gives back
-- and never takes. Caps are rows, locked in one order everywhere: the workspace's month, the person's day, then runs
-- from the root down; the tree's lock, where it is held, comes before all of them. Whatever is not known is refused.

-- Prices ------------------------------------------------------------------------------------------------------

-- What a model costs at a time: its own price, that of its name without a date (…-20250929, …-2026-01-31, …-latest),
-- that of all models of its provider, or the ceiling. Never nothing because nothing is known.
create function goalpost_private.price_of(p_provider text, p_model text, p_at timestamptz) returns goalpost.model_prices
language plpgsql stable
set search_path = ''
as $$
declare
  v_price goalpost.model_prices;
begin
  select p.* into v_price
    from goalpost.model_prices p
   where p.provider = p_provider and p.valid_from <= p_at
     and p.model in (p_model, regexp_replace(p_model, '-([0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}|latest)$', ''), '*')
   order by p.model = p_model desc, p.model = '*', p.valid_from desc
   limit 1;
  if not found then
    select p_provider, p_model, p_at, l.ceiling_input_microusd, l.ceiling_output_microusd, l.ceiling_input_microusd,
           l.ceiling_input_microusd, 'the ceiling: this model has no price'
      into v_price from goalpost_private.limits l;
  end if;
  return v_price;
end
$$;

-- So many tokens at a price for a million of them, in micro-dollars, rounded up.
create function goalpost_private.cost_of_tokens(p_tokens bigint, p_microusd_per_million bigint) returns bigint
language sql immutable
set search_path = ''
as $$ select ceil(p_tokens::numeric * p_microusd_per_million / 1000000)::bigint $$;

-- Tokens that a provider may add to what it was sent (how tools are explained to the model, message marks), beyond the
-- bytes of the request.
create function goalpost_private.added_input_tokens() returns bigint
language sql immutable
set search_path = ''
as $$ select 1000::bigint $$;

-- Budgets -----------------------------------------------------------------------------------------------------

-- The caps that a run's questions count for, in the order in which they are locked; sub_run_id where it is a sub-goal's
-- own.
create function goalpost_private.budgets_of(p_run_id bigint, p_at timestamptz)
returns table (place bigint, workspace_id uuid, scope text, key text, sub_run_id bigint)
language sql stable
set search_path = ''
as $$
  with recursive chain as (
    select r.id, r.workspace_id, r.user_id, r.goal_id, r.parent_goal_id, r.root_run_id
      from goalpost.workflow_runs r where r.id = p_run_id
    union all
    select p.id, p.workspace_id, p.user_id, p.goal_id, p.parent_goal_id, p.root_run_id
      from chain c
      join goalpost.workflow_runs p on p.workspace_id = c.workspace_id and p.goal_id = c.parent_goal_id
  )
  select -2::bigint, r.workspace_id, 'workspace_month', to_char(p_at at time zone 'UTC', 'YYYY-MM'), null::bigint
    from chain r where r.id = p_run_id
  union all
  select -1, r.workspace_id, 'user_day', r.user_id || '/' || to_char(p_at at time zone 'UTC', 'YYYY-MM-DD'), null
    from chain r where r.id = p_run_id
  union all
  select 0, r.workspace_id, 'run', r.root_run_id::text, null from chain r where r.id = p_run_id
  union all
  -- Runs are numbered as they are made: a run below has the greater id.
  select c.id, c.workspace_id, 'run', c.id::text, c.id
    from chain c
    join goalpost.goals g on g.id = c.goal_id
    join goalpost.steps s on s.run_id = g.parent_run_id and s.key = g.parent_step_key
   where jsonb_typeof(s.input -> 'budget') = 'object'
  order by 1
$$;

-- A cap that a request or a sub-goal's step names, or the default: what they say is untrusted.
create function goalpost_private.named_cap(p_budget jsonb, p_name text, p_default bigint) returns bigint
language sql immutable
set search_path = ''
as $$
  select case when jsonb_typeof(p_budget -> p_name) = 'number'
              then least(greatest(trunc((p_budget ->> p_name)::numeric), 0), 1000000000000)::bigint else p_default end
$$;

-- Makes the rows of a run's caps that are not there yet, in the order of locks. A sub-goal's is carved from what is
-- left of the request's: it may name less, never more.
create function goalpost_private.open_budgets(p_run_id bigint, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_budget record;
begin
  for v_budget in
    select * from goalpost_private.budgets_of(p_run_id, p_now) o
     where not exists (select from goalpost.budgets b
                        where b.workspace_id = o.workspace_id and b.scope = o.scope and b.key = o.key)
     order by o.place
  loop
    insert into goalpost.budgets (workspace_id, scope, key, cap_microusd, cap_tokens, created_at)
    select w.id, v_budget.scope, v_budget.key,
           case v_budget.scope when 'workspace_month' then w.workspace_month_microusd when 'user_day' then w.user_day_microusd
             else least(goalpost_private.named_cap(n.budget, 'max_microusd', d.microusd), d.most_microusd) end,
           case v_budget.scope when 'workspace_month' then w.workspace_month_tokens when 'user_day' then w.user_day_tokens
             else least(goalpost_private.named_cap(n.budget, 'max_tokens', d.tokens), d.most_tokens) end,
           p_now
      from goalpost.workspaces w
      join goalpost.workflow_runs r on r.id = p_run_id
      join goalpost.requests q on q.id = r.request_id
      left join goalpost.budgets above
        on v_budget.sub_run_id is not null
       and above.workspace_id = w.id and above.scope = 'run' and above.key = r.root_run_id::text
     cross join lateral (
       select case when v_budget.sub_run_id is null then w.goal_budget_microusd else l.microusd end as microusd,
              case when v_budget.sub_run_id is null then w.goal_budget_tokens else l.tokens end as tokens,
              case when v_budget.sub_run_id is null then 1000000000000 else l.microusd end as most_microusd,
              case when v_budget.sub_run_id is null then 1000000000000 else l.tokens end as most_tokens
         from (select above.cap_microusd - above.spent_microusd - above.reserved_microusd as microusd,
                      above.cap_tokens - above.spent_tokens - above.reserved_tokens as tokens) l) d
     cross join lateral (
       select case when v_budget.sub_run_id is null then q.budget else (
                select s.input -> 'budget'
                  from goalpost.workflow_runs c
                  join goalpost.goals g on g.id = c.goal_id
                  join goalpost.steps s on s.run_id = g.parent_run_id and s.key = g.parent_step_key
                 where c.id = v_budget.sub_run_id) end as budget) n
     where w.id = v_budget.workspace_id
    on conflict do nothing;
  end loop;
end
$$;

-- Sets aside what a question may cost at most. A refusal is what begin_turn replies instead of a number. Called by
-- begin_turn, once per question; p_ask: {"provider", "model", "max_input_tokens", "max_output_tokens"}. Refusals:
-- {"wait": …} where a limit has no room just now (…0620), {"refused": {"code": "budget_exhausted", …}} at a cap, or
-- {"waits_for_person": id} where the request, or else the workspace, says to ask. Nothing is set aside then. Raises
-- ZG003 for a question without bounds. Locks the rows of the caps; expects the tree's lock where it may ask.
create function goalpost_private.reserve_turn(
  p_step goalpost.steps, p_ask jsonb, p_now timestamptz, out refusal jsonb, out reserved_microusd bigint
)
language plpgsql
set search_path = ''
as $$
declare
  v_price constant goalpost.model_prices := goalpost_private.price_of(p_ask ->> 'provider', p_ask ->> 'model', p_now);
  v_input constant bigint := (p_ask ->> 'max_input_tokens')::bigint + goalpost_private.added_input_tokens();
  v_output constant bigint := (p_ask ->> 'max_output_tokens')::bigint;
  v_cost bigint;
  v_full goalpost.budgets;
begin
  reserved_microusd := 0;
  if v_input is null or v_output is null or v_input < 0 or v_output < 0 then
    perform goalpost_private.refuse('ZG003', 'a question has a bound for what goes in and what comes out');
  end if;
  v_cost := goalpost_private.cost_of_tokens(
              v_input, greatest(v_price.input_microusd, v_price.cached_microusd, v_price.cache_write_microusd))
            + goalpost_private.cost_of_tokens(v_output, v_price.output_microusd);

  perform goalpost_private.open_budgets(p_step.run_id, p_now);
  perform goalpost_private.lock_budgets(p_step.run_id, p_now);
  select b.* into v_full
    from goalpost_private.budgets_of(p_step.run_id, p_now) o
    join goalpost.budgets b using (workspace_id, scope, key)
   where b.spent_microusd + b.reserved_microusd + v_cost > b.cap_microusd
      or b.spent_tokens + b.reserved_tokens + v_input + v_output > b.cap_tokens
   -- The narrowest is what a person can do most about.
   order by o.place desc
   limit 1;
  if found then
    -- What is set aside for questions under way comes back, but for what they cost: where it alone stands in the way,
    -- the step comes again, and nobody is asked or told that the money is gone.
    if goalpost_private.only_set_aside(p_step.run_id, p_now, v_cost, v_input + v_output) then
      refusal := jsonb_build_object('wait', jsonb_build_object(
        'seconds', 2 + floor(random() * 4), 'reason', 'questions under way have set aside what is left'));
    else
      refusal := goalpost_private.refuse_spending(p_step, v_full, v_cost, v_input + v_output, p_now);
    end if;
    return;
  end if;
  refusal := goalpost_private.take_turn_slots(p_step, p_ask, p_now);
  if refusal is not null then
    return;
  end if;
  update goalpost.budgets b
     set reserved_microusd = b.reserved_microusd + v_cost, reserved_tokens = b.reserved_tokens + v_input + v_output
    from goalpost_private.budgets_of(p_step.run_id, p_now) o
   where b.workspace_id = o.workspace_id and b.scope = o.scope and b.key = o.key;
  reserved_microusd := v_cost;
end
$$;

-- Whether all caps would have room for a question if nothing were set aside for others.
create function goalpost_private.only_set_aside(p_run_id bigint, p_now timestamptz, p_cost bigint, p_tokens bigint)
returns boolean
language sql stable
set search_path = ''
as $$
  select bool_and(b.spent_microusd + p_cost <= b.cap_microusd and b.spent_tokens + p_tokens <= b.cap_tokens)
    from goalpost_private.budgets_of(p_run_id, p_now) o
    join goalpost.budgets b using (workspace_id, scope, key)
$$;

-- Locks the caps that a run's questions count for, in the one order there is.
create function goalpost_private.lock_budgets(p_run_id bigint, p_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from goalpost_private.budgets_of(p_run_id, p_at) o
    join goalpost.budgets b using (workspace_id, scope, key)
   order by o.place
     for no key update of b;
end
$$;

-- Dollars, for people.
create function goalpost_private.dollars(p_microusd bigint) returns text
language sql immutable
set search_path = ''
as $$ select '$' || trim(to_char(p_microusd / 1000000.0, 'FM999999990.009999')) $$;

-- What is said where a cap has no room, or the question to a person to raise it. Of a tree, one such question for a cap
-- is shown and decides all others.
create function goalpost_private.refuse_spending(
  p_step goalpost.steps, p_budget goalpost.budgets, p_microusd bigint, p_tokens bigint, p_now timestamptz
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_name constant text := case p_budget.scope when 'workspace_month' then 'this workspace in this month'
    when 'user_day' then 'whoever asked on this day' when 'run' then 'this request' end;
  v_message constant text := format(
    'the cap of %s is used up: %s of %s and %s of %s tokens are spent or set aside, and the next question may take %s and %s tokens',
    v_name, goalpost_private.dollars(p_budget.spent_microusd + p_budget.reserved_microusd),
    goalpost_private.dollars(p_budget.cap_microusd), p_budget.spent_tokens + p_budget.reserved_tokens, p_budget.cap_tokens,
    goalpost_private.dollars(p_microusd), p_tokens);
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

-- Why a person's own cap cannot be set; null: it can.
create function goalpost_private.budget_edit_problem(p_subject jsonb, p_edited jsonb) returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    goalpost_private.json_problem(
      '{"type": "object", "required": ["scope", "key", "max_microusd", "max_tokens"], "additionalProperties": false,
        "properties": {"scope": {"type": "string"}, "key": {"type": "string"},
                       "max_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
                       "max_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000}}}',
      p_edited, 'the budget'),
    case when p_edited - 'max_microusd' - 'max_tokens' <> p_subject - 'max_microusd' - 'max_tokens'
         then 'the budget must be the one that was asked about' end)
$$;

-- A cap that may be raised, or not: the cap and the raise are rows, and every step that asked goes on or fails.
-- A month's cap of the workspace is raised no higher than a workspace may set it.
create function goalpost_private.settle_budget_approval(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_cap constant jsonb := coalesce(p_approval.edited, p_approval.subject);
  v_before goalpost.budgets;
  v_after goalpost.budgets;
  v_functions text[];
  v_other goalpost.approvals;
begin
  if p_approval.state = 'approved' then
    select * into v_before from goalpost.budgets b
     where b.workspace_id = p_approval.workspace_id and b.scope = v_cap ->> 'scope' and b.key = v_cap ->> 'key'
       for no key update;
    update goalpost.budgets b
       set cap_microusd = greatest(b.cap_microusd, least((v_cap ->> 'max_microusd')::bigint,
             case b.scope when 'workspace_month' then l.max_workspace_month_microusd else 1000000000000 end)),
           cap_tokens = greatest(b.cap_tokens, least((v_cap ->> 'max_tokens')::bigint,
             case b.scope when 'workspace_month' then l.max_workspace_month_tokens else 1000000000000 end))
      from goalpost_private.limits l
     where b.workspace_id = v_before.workspace_id and b.scope = v_before.scope and b.key = v_before.key
    returning b.* into v_after;
    insert into goalpost.budget_raises
      (approval_id, workspace_id, scope, key, from_microusd, to_microusd, from_tokens, to_tokens, raised_by, raised_at)
    select p_approval.id, v_after.workspace_id, v_after.scope, v_after.key, v_before.cap_microusd, v_after.cap_microusd,
           v_before.cap_tokens, v_after.cap_tokens, p_approval.decided_by, p_now
     where v_after.workspace_id is not null;
    v_functions := goalpost_private.resume_step(p_step.run_id, p_step.key, p_now);
  elsif p_step.state = 'waiting' then
    v_functions := goalpost_private.fail_step(
      p_step,
      goalpost_private.refusal_of(p_approval, false) || jsonb_build_object('code', 'budget_exhausted', 'message',
        format('the cap was not raised: %s', goalpost_private.refusal_of(p_approval, false) ->> 'message')),
      'failed', p_now);
  end if;
  for v_other in
    update goalpost.approvals a
       set state = p_approval.state, decided_by = p_approval.decided_by, decided_at = p_now,
           comment = format('decided with approval %s', p_approval.id), edited = p_approval.edited
     where a.decided_with = p_approval.id and a.state = 'pending'
    returning a.*
  loop
    v_functions := v_functions || goalpost_private.settle_approval(v_other, p_now);
  end loop;
  return coalesce(v_functions, '{}');
end
$$;

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

-- What a turn's tokens cost at the price that held when it was asked. Tokens in count the cached ones.
create function goalpost_private.cost_of_turn(p_turn goalpost.step_turns) returns bigint
language sql stable
set search_path = ''
as $$
  select goalpost_private.cost_of_tokens(
           greatest(p_turn.input_tokens - p_turn.cached_tokens - p_turn.cache_write_tokens, 0), (p).input_microusd)
         + goalpost_private.cost_of_tokens(p_turn.cached_tokens, (p).cached_microusd)
         + goalpost_private.cost_of_tokens(p_turn.cache_write_tokens, (p).cache_write_microusd)
         + goalpost_private.cost_of_tokens(p_turn.output_tokens, (p).output_microusd)
    from goalpost_private.price_of(p_turn.provider, p_turn.model, p_turn.asked_at) p
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

-- Estimates ---------------------------------------------------------------------------------------------------

-- What a plan may cost, in micro-dollars: from what its runbook's last completed runs in this workspace cost (mean, and
-- two standard deviations either way), else from the number of its agents' steps and its judge.
create function goalpost_private.estimate_plan(p_run goalpost.workflow_runs, p_result jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_past record;
  v_steps integer;
  v_typical constant bigint := (select l.typical_step_microusd from goalpost_private.limits l);
begin
  select count(*) as runs, avg(c.cost) as mean, coalesce(stddev_samp(c.cost), 0) as spread into v_past
    from (select (select coalesce(sum(u.cost_microusd), 0) from goalpost.usage_events u where u.run_id = r.id) as cost
            from goalpost.workflow_runs r
           where r.runbook_id = (case jsonb_typeof(p_result -> 'runbook_id') when 'number' then p_result ->> 'runbook_id' end)::numeric
             and r.workspace_id = p_run.workspace_id and r.state = 'completed'
           order by r.id desc
           limit 50) c;
  if v_past.runs > 0 then
    return jsonb_build_object(
      'from', 'history', 'runs', v_past.runs, 'cost_microusd', round(v_past.mean),
      'least_microusd', greatest(round(v_past.mean - 2 * v_past.spread), 0), 'most_microusd', round(v_past.mean + 2 * v_past.spread));
  end if;
  select count(*) into v_steps
    from jsonb_array_elements(case jsonb_typeof(p_result -> 'plan' -> 'steps') when 'array' then p_result -> 'plan' -> 'steps'
                              else '[]' end) s
   where s ->> 'kind' in ('agent', 'subgoal');
  return jsonb_build_object(
    'from', 'plan', 'steps', v_steps, 'cost_microusd', v_typical * (v_steps + 1), 'least_microusd', v_typical * (v_steps + 1) / 4,
    'most_microusd', v_typical * (v_steps + 1) * 4);
end
$$;

-- How a plan's approval is asked for; null: it needs none. Whoever asked to see the plan may decide it themselves; what
-- the workspace, or the cost, demands is for approvers.
create function goalpost_private.plan_approval_options(p_run goalpost.workflow_runs, p_estimate jsonb) returns jsonb
language sql stable
set search_path = ''
as $$
  select case
    when w.approve_plans or (p_estimate ->> 'cost_microusd')::numeric > w.plan_approval_microusd
      then '{"required_role": "approver"}'::jsonb
    when q.budget @> '{"approve_plan": true}' then '{"required_role": "member"}'::jsonb
  end
    from goalpost.workspaces w, goalpost.requests q
   where w.id = p_run.workspace_id and q.id = p_run.request_id
$$;

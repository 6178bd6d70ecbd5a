-- What admins set: policies of tools, how much at once, what a workspace may spend and where its webhooks may go, and
-- what models cost. Definer functions in the private schema, since people write no rows; each checks its caller.

-- Refuses unless the caller may set what holds for a workspace: its admins; for all workspaces (null): project admins.
create function goalpost_private.require_setter(p_workspace_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if p_workspace_id is not null then
    perform goalpost_private.require_role(p_workspace_id, 'admin');
  elsif auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  elsif not goalpost_private.am_project_admin() then
    perform goalpost_private.refuse('ZG002', 'what holds for all workspaces is set by project admins',
      'name a workspace, or ask a project admin');
  end if;
end
$$;

-- Makes a policy of a tool, or changes the one of this name. p_tool may hold `*`; without an agent it is for all. Safe
-- to repeat. Raises ZG001, ZG002, ZG003. Definer: people may not write policies.
create function goalpost_private.set_tool_policy(
  p_workspace_id uuid, p_name text, p_tool text, p_effect text, p_agent text, p_even_if_tainted boolean, p_position integer
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_policy goalpost.tool_policies;
begin
  perform goalpost_private.require_setter(p_workspace_id);
  if coalesce(length(trim(p_name)), 0) not between 1 and 100 or coalesce(length(p_tool), 0) not between 1 and 200
     or coalesce(p_effect, '') not in ('allow', 'needs_approval', 'deny')
     or p_name in ('default', 'control', 'taint', 'tool_approval', 'unknown_tool', 'not_listed', 'loop', 'max_calls_per_step') then
    perform goalpost_private.refuse('ZG003',
      'a policy has a name that no built-in rule has (1 to 100 characters), a tool (or a pattern with *) and an effect: allow, needs_approval or deny');
  end if;
  insert into goalpost.tool_policies (workspace_id, name, agent, tool, effect, even_if_tainted, position)
  values (p_workspace_id, trim(p_name), p_agent, p_tool, p_effect, coalesce(p_even_if_tainted, false), coalesce(p_position, 100))
  on conflict on constraint one_policy_of_a_name do update
    set agent = excluded.agent, tool = excluded.tool, effect = excluded.effect, even_if_tainted = excluded.even_if_tainted,
        position = excluded.position
  returning * into v_policy;
  return to_jsonb(v_policy);
end
$$;

-- Takes a policy away; whether there was one. Safe to repeat. Definer: people may not write policies.
create function goalpost_private.remove_tool_policy(p_workspace_id uuid, p_name text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_setter(p_workspace_id);
  delete from goalpost.tool_policies p where p.workspace_id is not distinct from p_workspace_id and p.name = p_name;
  return found;
end
$$;

-- Sets how much may be under way at once: see goalpost.rate_limits. Null or 0 slots: no limit. Safe to repeat.
-- Raises ZG001, ZG002, ZG003. Definer: people may not write limits.
create function goalpost_private.set_rate_limit(
  p_workspace_id uuid, p_scope text, p_name text, p_slots integer, p_per_seconds integer
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_limit goalpost.rate_limits;
begin
  perform goalpost_private.require_setter(p_workspace_id);
  if coalesce(p_scope, '') not in ('provider', 'workspace', 'agent', 'tool') or coalesce(length(p_name), 0) not between 1 and 200
     or coalesce(p_slots, 0) not between 0 and 1000 or coalesce(p_per_seconds, 0) not between 0 and 86400 then
    perform goalpost_private.refuse('ZG003',
      'a limit is of a provider, workspace, agent or tool, by its name or *, with 0 to 1000 places of 0 to 86400 seconds');
  end if;
  if coalesce(p_slots, 0) = 0 then
    delete from goalpost.rate_limits l
     where l.workspace_id is not distinct from p_workspace_id and l.scope = p_scope and l.name = p_name
       and l.per_seconds = coalesce(p_per_seconds, 0);
    return null;
  end if;
  insert into goalpost.rate_limits (workspace_id, scope, name, per_seconds, slots)
  values (p_workspace_id, p_scope, p_name, coalesce(p_per_seconds, 0), p_slots)
  on conflict on constraint one_limit_of_a_key do update set slots = excluded.slots
  returning * into v_limit;
  insert into goalpost_private.limit_slots (limit_id, slot, free_again_at)
  select v_limit.id, n, '-infinity' from generate_series(1, p_slots) n
  on conflict do nothing;
  delete from goalpost_private.limit_slots s where s.limit_id = v_limit.id and s.slot > p_slots;
  return to_jsonb(v_limit);
end
$$;

-- Changes what a workspace may do and spend; what is not named stays. Caps that are in use this month or today change
-- with it, as far as what is spent already lets them. Gives back all of it. Raises ZG001, ZG002, ZG003. Definer: people
-- may not write workspaces.
create function goalpost_private.set_workspace_limits(p_workspace_id uuid, p_limits jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_most goalpost_private.limits := (select l from goalpost_private.limits l);
  v_problem text;
  v_workspace goalpost.workspaces;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  v_problem := goalpost_private.json_problem(
    '{"type": "object", "additionalProperties": false, "properties": {
       "webhook_hosts": {"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 260}},
       "max_open_requests": {"type": "integer", "minimum": 1, "maximum": 100000},
       "goal_budget_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "goal_budget_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "user_day_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "user_day_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "workspace_month_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "workspace_month_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "plan_approval_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "on_exhausted": {"enum": ["fail", "ask"]}, "approve_plans": {"type": "boolean"}}}',
    coalesce(p_limits, 'null'), 'the limits');
  if v_problem is null and p_limits ? 'webhook_hosts' and exists (
    select from jsonb_array_elements_text(p_limits -> 'webhook_hosts') h where h !~ '^[a-z0-9.-]+(:[0-9]{1,5})?$') then
    v_problem := 'a webhook host is a name in lower case, with :port where it is not 443';
  end if;
  if v_problem is null and not goalpost_private.am_project_admin()
     and ((p_limits ->> 'workspace_month_microusd')::bigint > v_most.max_workspace_month_microusd
          or (p_limits ->> 'workspace_month_tokens')::bigint > v_most.max_workspace_month_tokens) then
    v_problem := format('a workspace may set its month''s caps to %s and %s tokens at most; a project admin may set more',
      goalpost_private.dollars(v_most.max_workspace_month_microusd), v_most.max_workspace_month_tokens);
  end if;
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;

  update goalpost.workspaces w
     set webhook_hosts = case when p_limits ? 'webhook_hosts'
                              then array(select jsonb_array_elements_text(p_limits -> 'webhook_hosts')) else w.webhook_hosts end,
         max_open_requests = coalesce((p_limits ->> 'max_open_requests')::integer, w.max_open_requests),
         goal_budget_microusd = coalesce((p_limits ->> 'goal_budget_microusd')::bigint, w.goal_budget_microusd),
         goal_budget_tokens = coalesce((p_limits ->> 'goal_budget_tokens')::bigint, w.goal_budget_tokens),
         user_day_microusd = coalesce((p_limits ->> 'user_day_microusd')::bigint, w.user_day_microusd),
         user_day_tokens = coalesce((p_limits ->> 'user_day_tokens')::bigint, w.user_day_tokens),
         workspace_month_microusd = coalesce((p_limits ->> 'workspace_month_microusd')::bigint, w.workspace_month_microusd),
         workspace_month_tokens = coalesce((p_limits ->> 'workspace_month_tokens')::bigint, w.workspace_month_tokens),
         plan_approval_microusd = coalesce((p_limits ->> 'plan_approval_microusd')::bigint, w.plan_approval_microusd),
         on_exhausted = coalesce(p_limits ->> 'on_exhausted', w.on_exhausted),
         approve_plans = coalesce((p_limits ->> 'approve_plans')::boolean, w.approve_plans)
   where w.id = p_workspace_id
  returning * into v_workspace;
  perform goalpost_private.move_open_caps(v_workspace, p_limits, v_now);
  return to_jsonb(v_workspace) - 'created_by' - 'created_at';
end
$$;

-- Moves the caps of this month and of today to what the workspace now says, never below what is spent and set aside.
create function goalpost_private.move_open_caps(p_workspace goalpost.workspaces, p_limits jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not p_limits ?| array['workspace_month_microusd', 'workspace_month_tokens', 'user_day_microusd', 'user_day_tokens'] then
    return;
  end if;
  -- In the order in which caps are locked; a month's is the gate to its days.
  perform from goalpost.budgets b
   where b.workspace_id = p_workspace.id and b.scope = 'workspace_month' and b.key = to_char(p_now at time zone 'UTC', 'YYYY-MM')
     for no key update;
  update goalpost.budgets b
     set cap_microusd = greatest(b.spent_microusd + b.reserved_microusd,
           case b.scope when 'user_day' then p_workspace.user_day_microusd else p_workspace.workspace_month_microusd end),
         cap_tokens = greatest(b.spent_tokens + b.reserved_tokens,
           case b.scope when 'user_day' then p_workspace.user_day_tokens else p_workspace.workspace_month_tokens end)
   where b.workspace_id = p_workspace.id
     and (b.scope = 'workspace_month' and b.key = to_char(p_now at time zone 'UTC', 'YYYY-MM')
          and p_limits ?| array['workspace_month_microusd', 'workspace_month_tokens']
          or b.scope = 'user_day' and b.key like '%/' || to_char(p_now at time zone 'UTC', 'YYYY-MM-DD')
          and p_limits ?| array['user_day_microusd', 'user_day_tokens']);
end
$$;

-- Sets what a model costs from now, or from a later time, on; micro-dollars for a million tokens. `*`: all models of
-- the provider. Reading from a provider's cache, and writing to it, cost as what goes in unless told. What was asked
-- before keeps its price: a time that has passed is refused (ZG003). Safe to repeat. Raises ZG002, ZG003. Definer:
-- people may not write prices.
create function goalpost_private.set_model_price(
  p_provider text, p_model text, p_input_microusd bigint, p_output_microusd bigint, p_cached_microusd bigint,
  p_cache_write_microusd bigint, p_valid_from timestamptz, p_source text
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_price goalpost.model_prices;
begin
  perform goalpost_private.require_setter(null);
  if coalesce(length(p_provider), 0) not between 1 and 100 or coalesce(length(p_model), 0) not between 1 and 200
     or p_input_microusd is null or p_output_microusd is null
     or least(p_input_microusd, p_output_microusd, p_cached_microusd, p_cache_write_microusd) < 0
     or greatest(p_input_microusd, p_output_microusd, p_cached_microusd, p_cache_write_microusd) > 100000000000 then
    perform goalpost_private.refuse('ZG003',
      'a price has a provider, a model (or *), and micro-dollars for a million tokens in and out: 3000000 are $3');
  end if;
  if p_valid_from < v_now then
    perform goalpost_private.refuse('ZG003', 'a price holds from now on, or from a later time',
      'what was asked before keeps the price that it was asked at');
  end if;
  insert into goalpost.model_prices
    (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source)
  values
    (p_provider, p_model, coalesce(p_valid_from, v_now), p_input_microusd, p_output_microusd,
     coalesce(p_cached_microusd, p_input_microusd), coalesce(p_cache_write_microusd, p_input_microusd),
     coalesce(left(p_source, 500), 'set by ' || auth.uid()))
  on conflict (provider, model, valid_from) do update
    set input_microusd = excluded.input_microusd, output_microusd = excluded.output_microusd,
        cached_microusd = excluded.cached_microusd, cache_write_microusd = excluded.cache_write_microusd, source = excluded.source
  returning * into v_price;
  return to_jsonb(v_price);
end
$$;

-- The exposed face: invoker functions.
create function goalpost.set_tool_policy(
  p_workspace_id uuid, p_name text, p_tool text, p_effect text, p_agent text default null,
  p_even_if_tainted boolean default false, p_position integer default 100
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.set_tool_policy(p_workspace_id, p_name, p_tool, p_effect, p_agent, p_even_if_tainted, p_position)
$$;

create function goalpost.remove_tool_policy(p_workspace_id uuid, p_name text) returns boolean language sql set search_path = ''
as $$ select goalpost_private.remove_tool_policy(p_workspace_id, p_name) $$;

create function goalpost.set_rate_limit(
  p_workspace_id uuid, p_scope text, p_name text, p_slots integer, p_per_seconds integer default 0
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.set_rate_limit(p_workspace_id, p_scope, p_name, p_slots, p_per_seconds) $$;

create function goalpost.set_workspace_limits(p_workspace_id uuid, p_limits jsonb) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.set_workspace_limits(p_workspace_id, p_limits) $$;

create function goalpost.set_model_price(
  p_provider text, p_model text, p_input_microusd bigint, p_output_microusd bigint, p_cached_microusd bigint default null,
  p_cache_write_microusd bigint default null, p_valid_from timestamptz default null, p_source text default null
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.set_model_price(
    p_provider, p_model, p_input_microusd, p_output_microusd, p_cached_microusd, p_cache_write_microusd, p_valid_from, p_source)
$$;

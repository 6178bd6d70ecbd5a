-- Changes the limits and caps of a workspace; fields that are absent stay. Caps in use this month or today change with
-- it, but not below their spent and reserved amounts. Returns all limits. Raises ZG001, ZG002, ZG003. Definer: people
-- may not write workspaces.
create function goalpost_private.set_workspace_limits(p_workspace_id uuid, p_limits jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_granted record;
  v_problem text;
  v_workspace goalpost.workspaces;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  v_problem := goalpost_private.json_problem(
    '{"type": "object", "additionalProperties": false, "properties": {
       "max_open_requests": {"type": "integer", "minimum": 1, "maximum": 100000},
       "goal_budget_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "goal_budget_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "user_day_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "user_day_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "workspace_month_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "workspace_month_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "plan_approval_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
       "on_exhausted": {"enum": ["fail", "ask"]}, "on_unknown": {"enum": ["fail", "ask"]},
       "approve_plans": {"type": "boolean"}}}',
    coalesce(p_limits, 'null'), 'the limits');
  -- Locks the row, so that a concurrent reduction of the grant is seen.
  select w.granted_month_microusd as microusd, w.granted_month_tokens as tokens into v_granted
    from goalpost.workspaces w where w.id = p_workspace_id for no key update;
  if v_problem is null
     and ((p_limits ->> 'workspace_month_microusd')::numeric > v_granted.microusd
          or (p_limits ->> 'workspace_month_tokens')::numeric > v_granted.tokens) then
    v_problem := format('this workspace may set its month''s caps to %s and %s tokens at most; a project admin may grant more',
      goalpost_private.dollars(v_granted.microusd), v_granted.tokens);
  end if;
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;

  update goalpost.workspaces w
     set max_open_requests = coalesce((p_limits ->> 'max_open_requests')::numeric::integer, w.max_open_requests),
         goal_budget_microusd = coalesce((p_limits ->> 'goal_budget_microusd')::numeric::bigint, w.goal_budget_microusd),
         goal_budget_tokens = coalesce((p_limits ->> 'goal_budget_tokens')::numeric::bigint, w.goal_budget_tokens),
         user_day_microusd = coalesce((p_limits ->> 'user_day_microusd')::numeric::bigint, w.user_day_microusd),
         user_day_tokens = coalesce((p_limits ->> 'user_day_tokens')::numeric::bigint, w.user_day_tokens),
         workspace_month_microusd = coalesce((p_limits ->> 'workspace_month_microusd')::numeric::bigint, w.workspace_month_microusd),
         workspace_month_tokens = coalesce((p_limits ->> 'workspace_month_tokens')::numeric::bigint, w.workspace_month_tokens),
         plan_approval_microusd = coalesce((p_limits ->> 'plan_approval_microusd')::numeric::bigint, w.plan_approval_microusd),
         on_exhausted = coalesce(p_limits ->> 'on_exhausted', w.on_exhausted),
         on_unknown = coalesce(p_limits ->> 'on_unknown', w.on_unknown),
         approve_plans = coalesce((p_limits ->> 'approve_plans')::boolean, w.approve_plans)
   where w.id = p_workspace_id
  returning * into v_workspace;
  perform goalpost_private.move_open_caps(v_workspace, p_limits, v_now);
  return to_jsonb(v_workspace) - 'created_by' - 'created_at';
end
$$;

-- Sets the caps of this month and of today to the workspace's present values, never below their spent and reserved
-- amounts.
create function goalpost_private.move_open_caps(p_workspace goalpost.workspaces, p_limits jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not p_limits ?| array['workspace_month_microusd', 'workspace_month_tokens', 'user_day_microusd', 'user_day_tokens'] then
    return;
  end if;
  -- In the order in which caps are locked; a month's cap is locked before its days.
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
  perform goalpost_private.wake_budget_waiters(p_workspace.id, p_now);
end
$$;

create function goalpost.set_workspace_limits(p_workspace_id uuid, p_limits jsonb) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.set_workspace_limits(p_workspace_id, p_limits) $$;

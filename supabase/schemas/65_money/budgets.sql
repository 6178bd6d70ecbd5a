-- Budgets -----------------------------------------------------------------------------------------------------

-- Returns the caps that a run's model calls count towards, in the order in which they are locked; sub_run_id for a cap
-- of a sub-goal.
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
  -- Run ids increase with depth: a run below has the greater id.
  select c.id, c.workspace_id, 'run', c.id::text, c.id
    from chain c
    join goalpost.goals g on g.id = c.goal_id
    join goalpost.steps s on s.run_id = g.parent_run_id and s.key = g.parent_step_key
   where jsonb_typeof(s.input -> 'budget') = 'object'
  order by 1
$$;

-- Returns a cap from the budget of a request or of a sub-goal's step, or the default if it is not a valid number:
-- budgets are untrusted.
create function goalpost_private.cap_of_budget(p_budget jsonb, p_name text, p_default bigint) returns bigint
language sql immutable
set search_path = ''
as $$
  select case when jsonb_typeof(p_budget -> p_name) = 'number'
              then least(greatest(trunc((p_budget ->> p_name)::numeric), 0), 1000000000000)::bigint else p_default end
$$;

-- Inserts the missing cap rows of a run, in the order of locks. A sub-goal's cap is at most the remaining amount of the
-- request's: its step may set less, never more.
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
             else least(goalpost_private.cap_of_budget(n.budget, 'max_microusd', d.microusd), d.most_microusd) end,
           case v_budget.scope when 'workspace_month' then w.workspace_month_tokens when 'user_day' then w.user_day_tokens
             else least(goalpost_private.cap_of_budget(n.budget, 'max_tokens', d.tokens), d.most_tokens) end,
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
       select case when v_budget.sub_run_id is null and q.budget <> '{}' then q.budget
                   when v_budget.sub_run_id is null then (
                select b.budget from goalpost.workflow_runs t join goalpost.runbooks b on b.id = t.runbook_id where t.id = r.root_run_id)
                   else (
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

-- Locks the caps that a run's model calls count towards, always in the same order.
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

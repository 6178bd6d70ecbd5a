-- Returns a message for each cap whose row does not add up: spent is the sum of its usage, reserved that of its turns
-- under way, in money and in tokens. Days and months that began before the workspace's retention are left out: part of
-- their usage may be deleted. Reads all usage ever booked: for tests and audits. Changes nothing.
create function goalpost_private.unbalanced_budgets() returns table (problem text)
language sql stable
set search_path = ''
as $$
  with booked as (
    select o.workspace_id, o.scope, o.key,
           coalesce(sum(u.cost_microusd), 0) as spent_microusd,
           coalesce(sum(u.input_tokens + u.output_tokens), 0) as spent_tokens,
           coalesce(sum(t.reserved_microusd) filter (where t.state = 'asked'), 0) as reserved_microusd,
           coalesce(sum(t.max_input_tokens + t.max_output_tokens) filter (where t.state = 'asked'), 0) as reserved_tokens
      from goalpost.step_turns t
      left join goalpost.usage_events u on u.run_id = t.run_id and u.step_key = t.step_key and u.number = t.number
     cross join lateral goalpost_private.budgets_of(t.run_id, t.asked_at) o
     group by o.workspace_id, o.scope, o.key
  )
  select format('cap %s %s has spent %s and reserved %s µ$, %s and %s tokens; its turns make %s and %s µ$, %s and %s tokens',
           scope, key, b.spent_microusd, b.reserved_microusd, b.spent_tokens, b.reserved_tokens,
           x.spent_microusd, x.reserved_microusd, x.spent_tokens, x.reserved_tokens)
    from goalpost.budgets b
    full join booked x using (workspace_id, scope, key)
    join goalpost.workspaces w on w.id = workspace_id
   where (scope = 'run'
          or to_date(right(key, case scope when 'user_day' then 10 else 7 end), 'YYYY-MM-DD')
             >= goalpost_private.clock() - w.retention_days * interval '1 day')
     and (coalesce(b.spent_microusd, 0), coalesce(b.reserved_microusd, 0), coalesce(b.spent_tokens, 0), coalesce(b.reserved_tokens, 0))
         is distinct from
         (coalesce(x.spent_microusd, 0), coalesce(x.reserved_microusd, 0), coalesce(x.spent_tokens, 0), coalesce(x.reserved_tokens, 0))
$$;

create view goalpost.goal_costs with (security_invoker = true) as
  select u.workspace_id, u.goal_id, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
   where u.goal_id is not null
   group by u.workspace_id, u.goal_id;
comment on view goalpost.goal_costs is 'Calls, tokens and cost per goal, sub-goals not included.';

-- The same by whatever else people ask: the agent, the runbook, who asked, the day (UTC). One row per currency there
-- is: micro-dollars. What nobody knows counts as the most that it may have cost.
create view goalpost.agent_costs with (security_invoker = true) as
  select u.workspace_id, u.agent_id, a.name as agent, a.version, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
    join goalpost.agents a on a.id = u.agent_id
   group by u.workspace_id, u.agent_id, a.name, a.version;
comment on view goalpost.agent_costs is 'Calls, tokens and cost per agent version.';

create view goalpost.runbook_costs with (security_invoker = true) as
  select u.workspace_id, r.runbook_id, b.name as runbook, b.version, count(distinct r.id) as runs, count(*) as calls,
         sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
    join goalpost.workflow_runs r on r.id = u.run_id
    join goalpost.runbooks b on b.id = r.runbook_id
   group by u.workspace_id, r.runbook_id, b.name, b.version;
comment on view goalpost.runbook_costs is 'Runs, calls, tokens and cost per runbook version.';

create view goalpost.user_costs with (security_invoker = true) as
  select u.workspace_id, r.user_id, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
    join goalpost.workflow_runs r on r.id = u.run_id
   group by u.workspace_id, r.user_id;
comment on view goalpost.user_costs is 'Calls, tokens and cost per person who asked.';

create view goalpost.day_costs with (security_invoker = true) as
  select u.workspace_id, (u.created_at at time zone 'UTC')::date as day, count(*) as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd
    from goalpost.usage_events u
   group by u.workspace_id, (u.created_at at time zone 'UTC')::date;
comment on view goalpost.day_costs is 'Calls, tokens and cost per day (UTC).';

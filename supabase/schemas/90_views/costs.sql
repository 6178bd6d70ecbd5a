create view goalpost.goal_costs with (security_invoker = true) as
  select g.workspace_id, g.id as goal_id, c.calls, c.input_tokens, c.output_tokens, c.cost_microusd,
         c.estimated_microusd
    from goalpost.goals g
    -- Per goal, by its index: a page of goals costs as much as the page, not as all usage.
   cross join lateral (
     select count(*) as calls, sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens,
            sum(u.cost_microusd) as cost_microusd,
            coalesce(sum(u.cost_microusd) filter (where u.is_estimate), 0) as estimated_microusd
       from goalpost.usage_events u
      where u.workspace_id = g.workspace_id and u.goal_id = g.id) c
   where c.calls > 0;
comment on view goalpost.goal_costs is 'Calls, tokens and cost per goal, sub-goals not included.';

-- The costs per agent, runbook, model, person and day (UTC), from the totals and the rows that are not folded yet: equal to
-- the sum of usage_events. In micro-dollars; a call whose outcome is unknown counts with its upper bound.
-- estimated_microusd is the part of the cost that is an estimate: of models without a price (at the ceiling), of
-- servers that report no usage, and of calls whose outcome is unknown.
create view goalpost.usage_totals with (security_invoker = true) as
  select d.workspace_id, d.day, d.user_id, d.agent_id, d.runbook_id, d.provider, d.model, d.calls, d.input_tokens,
         d.output_tokens, d.cost_microusd, d.estimated_microusd
    from goalpost.daily_usage d
  union all
  select u.workspace_id, u.day, u.user_id, u.agent_id, u.runbook_id, u.provider, u.model, u.calls, u.input_tokens,
         u.output_tokens, u.cost_microusd, u.estimated_microusd
    from goalpost.unfolded_statistics u
   where u.user_id is not null;
comment on view goalpost.usage_totals is
  'Usage by day (UTC), person, agent, runbook and model, up to now: several rows of one day and person may have to be added.';

create view goalpost.agent_costs with (security_invoker = true) as
  select u.workspace_id, u.agent_id, a.name as agent, a.version, sum(u.steps)::bigint as steps,
         sum(u.successes)::bigint as successes, sum(u.calls)::bigint as calls,
         sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd,
         sum(u.estimated_microusd) as estimated_microusd,
         case when sum(u.steps) > 0 then round(sum(u.duration_ms) / sum(u.steps)) end as mean_duration_ms
    from (select t.workspace_id, t.agent_id, 0::bigint as steps, 0::bigint as successes, 0::bigint as duration_ms, t.calls,
                 t.input_tokens, t.output_tokens, t.cost_microusd, t.estimated_microusd
            from goalpost.usage_totals t
          union all
          select s.workspace_id, s.agent_id, s.uses, s.successes, s.duration_ms, 0, 0, 0, 0, 0 from goalpost.agent_statistics s
          union all
          select f.workspace_id, f.agent_id, f.uses, f.successes, f.duration_ms, 0, 0, 0, 0, 0
            from goalpost.unfolded_statistics f where f.user_id is null) u
    join goalpost.agents a on a.id = u.agent_id
   group by u.workspace_id, u.agent_id, a.name, a.version;
comment on view goalpost.agent_costs is 'Steps, successes, calls, tokens and cost per agent version.';

create view goalpost.runbook_costs with (security_invoker = true) as
  select u.workspace_id, u.runbook_id, b.name as runbook, b.version, sum(u.runs)::bigint as runs,
         sum(u.calls)::bigint as calls, sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens,
         sum(u.cost_microusd) as cost_microusd, sum(u.estimated_microusd) as estimated_microusd,
         sum(u.successes)::bigint as successes,
         case when sum(u.successes) > 0 then round(sum(u.cost_microusd) / sum(u.successes)) end as microusd_per_success,
         case when sum(u.runs) > 0 then round(sum(u.duration_ms) / sum(u.runs)) end as mean_duration_ms
    from (select t.workspace_id, t.runbook_id, 0::bigint as runs, 0::bigint as successes, 0::bigint as duration_ms, t.calls,
                 t.input_tokens, t.output_tokens, t.cost_microusd, t.estimated_microusd
            from goalpost.usage_totals t
          union all
          select s.workspace_id, s.runbook_id, s.uses, s.successes, s.duration_ms, 0, 0, 0, 0, 0 from goalpost.runbook_statistics s
          union all
          select n.workspace_id, n.runbook_id, n.uses, n.successes, n.duration_ms, 0, 0, 0, 0, 0
            from goalpost.unfolded_statistics n where n.user_id is null) u
    join goalpost.runbooks b on b.id = u.runbook_id
   group by u.workspace_id, u.runbook_id, b.name, b.version;
comment on view goalpost.runbook_costs is
  'Completed and failed runs per runbook version, and calls, tokens and cost of all its runs while they followed it.';

create view goalpost.user_costs with (security_invoker = true) as
  select u.workspace_id, u.user_id, sum(u.calls)::bigint as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd,
         sum(u.estimated_microusd) as estimated_microusd
    from goalpost.usage_totals u
   group by u.workspace_id, u.user_id;
comment on view goalpost.user_costs is 'Calls, tokens and cost per requester.';

create view goalpost.day_costs with (security_invoker = true) as
  select u.workspace_id, u.day, sum(u.calls)::bigint as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd,
         sum(u.estimated_microusd) as estimated_microusd
    from goalpost.usage_totals u
   group by u.workspace_id, u.day;
comment on view goalpost.day_costs is 'Calls, tokens and cost per day (UTC).';

create view goalpost.model_costs with (security_invoker = true) as
  select u.workspace_id, u.provider, u.model, sum(u.calls)::bigint as calls, sum(u.input_tokens) as input_tokens,
         sum(u.output_tokens) as output_tokens, sum(u.cost_microusd) as cost_microusd,
         sum(u.estimated_microusd) as estimated_microusd
    from goalpost.usage_totals u
   group by u.workspace_id, u.provider, u.model;
comment on view goalpost.model_costs is 'Calls, tokens and cost per model.';

-- Per goal, by its indexes: a page of goals costs as much as the page.
create view goalpost.achieved_goal_costs with (security_invoker = true) as
  select g.workspace_id, g.id as goal_id, g.goal_type, b.name as runbook, b.version,
         round(extract(epoch from g.ended_at - g.created_at)::numeric, 3) as seconds,
         c.calls, c.input_tokens, c.output_tokens, c.cost_microusd, c.estimated_microusd
    from goalpost.goals g
   cross join lateral (
     select o.runbook_id from goalpost.workflow_runs o
      where o.workspace_id = g.workspace_id and o.goal_id = g.id limit 1) r
    left join goalpost.runbooks b on b.id = r.runbook_id
   cross join lateral (
     select count(u.run_id) as calls, coalesce(sum(u.input_tokens), 0) as input_tokens,
            coalesce(sum(u.output_tokens), 0) as output_tokens, coalesce(sum(u.cost_microusd), 0) as cost_microusd,
            coalesce(sum(u.cost_microusd) filter (where u.is_estimate), 0) as estimated_microusd
       from goalpost.goals p
       join goalpost.usage_events u on u.workspace_id = p.workspace_id and u.goal_id = p.id
      where p.workspace_id = g.workspace_id and p.root_goal_id = g.id) c
   where g.parent_goal_id is null and g.state = 'completed';
comment on view goalpost.achieved_goal_costs is
  'Calls, tokens, cost and seconds of each completed goal, its sub-goals included.';

-- The estimate is that of the first plan: what was expected before the work began.
create view goalpost.estimate_accuracy with (security_invoker = true) as
  select g.workspace_id, g.id as goal_id, g.goal_type, g.state, p.runbook_id, p.estimate ->> 'from' as estimated_from,
         (p.estimate ->> 'cost_microusd')::numeric as estimated_microusd,
         (p.estimate ->> 'least_microusd')::numeric as least_microusd,
         (p.estimate ->> 'most_microusd')::numeric as most_microusd, c.cost_microusd,
         c.cost_microusd between (p.estimate ->> 'least_microusd')::numeric
                             and (p.estimate ->> 'most_microusd')::numeric as is_within
    from goalpost.goals g
   cross join lateral (
     select o.id from goalpost.workflow_runs o
      where o.workspace_id = g.workspace_id and o.goal_id = g.id limit 1) r
   cross join lateral (
     select o.runbook_id, o.estimate from goalpost.plan_revisions o where o.run_id = r.id order by o.revision limit 1) p
   cross join lateral (
     select coalesce(sum(u.cost_microusd), 0) as cost_microusd
       from goalpost.goals o
       join goalpost.usage_events u on u.workspace_id = o.workspace_id and u.goal_id = o.id
      where o.workspace_id = g.workspace_id and o.root_goal_id = g.id) c
   where g.parent_goal_id is null and g.state in ('completed', 'failed') and p.estimate is not null;
comment on view goalpost.estimate_accuracy is
  'The estimate of each ended goal''s first plan beside its cost, its sub-goals included.';

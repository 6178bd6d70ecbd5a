-- A request is worked on by one version of each agent, so a goal counts once for each agent that worked below it.
create view goalpost.agent_outcomes with (security_invoker = true) as
  select w.workspace_id, w.agent_id, a.name as agent, a.version, g.goal_type, count(*) as goals,
         count(*) filter (where g.state = 'completed' and f.bad <= f.good) as successes
    from (select distinct i.workspace_id, i.agent_id, r.request_id
            from goalpost.agent_instances i
            join goalpost.workflow_runs r on r.workspace_id = i.workspace_id and r.id = i.run_id) w
    join goalpost.agents a on a.id = w.agent_id
    join goalpost.goals g on g.workspace_id = w.workspace_id and g.request_id = w.request_id and g.parent_goal_id is null
   cross join lateral (
     select count(*) filter (where o.rating = 'bad') as bad, count(*) filter (where o.rating = 'good') as good
       from goalpost.feedback o where o.workspace_id = g.workspace_id and o.goal_id = g.id and o.step_key = '') f
   where g.state in ('completed', 'failed')
   group by w.workspace_id, w.agent_id, a.name, a.version, g.goal_type;
comment on view goalpost.agent_outcomes is
  'Ended goals in which each version of an agent worked, by goal type, and those that were reached and not rated bad.';

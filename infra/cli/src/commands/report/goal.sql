-- Goal: time from question to end (/goal)
select round(extract(epoch from g.ended_at - g.created_at)::numeric, 3) as seconds, g.id
  from goalpost.goals g where g.id = {goal};

-- Goal: plan (/plan)
select p.revision, b.name as runbook, b.version
  from goalpost.workflow_runs r
  join goalpost.plan_revisions p on p.run_id = r.id
  left join goalpost.runbooks b on b.id = p.runbook_id
 where r.goal_id = {goal}
 order by p.revision desc limit 1;

-- Goal: criteria with their verdicts (/criteria)
select c.number, c.verdict, c.decided_by from goalpost.goal_criteria c where c.goal_id = {goal} order by c.number;

-- Goal: approvals (/approvals)
select a.id, a.kind, a.state, a.edited is not null as was_edited
  from goalpost.goals o
  join goalpost.goals g on g.root_goal_id = o.root_goal_id and (g.id = o.id or o.parent_goal_id is null)
  join goalpost.approvals a on a.workspace_id = g.workspace_id and a.goal_id = g.id
 where o.id = {goal}
 order by a.id;

-- Steps: attempts, time, calls and cost of each step (/steps)
select s.key, g.id as goal_id, a.version as agent_version,
       (select count(*) from goalpost.step_attempts t where t.run_id = s.run_id and t.step_key = s.key) as attempts,
       round(extract(epoch from s.ended_at - s.started_at)::numeric, 3) as seconds,
       (select count(*) from goalpost.usage_events e where e.run_id = s.run_id and e.step_key = s.key) as calls,
       (select coalesce(sum(e.input_tokens + e.output_tokens), 0) from goalpost.usage_events e
         where e.run_id = s.run_id and e.step_key = s.key) as tokens,
       (select coalesce(sum(e.cost_microusd), 0) from goalpost.usage_events e
         where e.run_id = s.run_id and e.step_key = s.key) as cost_microusd
  from goalpost.goals o
  join goalpost.goals g on g.root_goal_id = o.root_goal_id and (g.id = o.id or o.parent_goal_id is null)
  join goalpost.workflow_runs r on r.goal_id = g.id
  join goalpost.steps s on s.run_id = r.id
  left join goalpost.agents a on a.id = s.agent_id
 where o.id = {goal}
 order by g.id, coalesce(s.started_at, s.ended_at), s.key;

-- Cost: in all (/usage/all)
select count(*) as calls, coalesce(sum(e.input_tokens), 0) as input_tokens, coalesce(sum(e.output_tokens), 0) as output_tokens,
       coalesce(sum(e.cost_microusd), 0) as cost_microusd,
       coalesce(sum(e.cost_microusd) filter (where e.is_estimate), 0) as estimated_microusd
  from goalpost.goals o
  join goalpost.goals g on g.root_goal_id = o.root_goal_id and (g.id = o.id or o.parent_goal_id is null)
  join goalpost.usage_events e on e.workspace_id = g.workspace_id and e.goal_id = g.id
 where o.id = {goal};

-- Cost: by agent version (/usage/agents)
select a.name as agent, a.version, count(*) as calls, sum(e.input_tokens + e.output_tokens) as tokens,
       sum(e.cost_microusd) as cost_microusd
  from goalpost.goals o
  join goalpost.goals g on g.root_goal_id = o.root_goal_id and (g.id = o.id or o.parent_goal_id is null)
  join goalpost.usage_events e on e.workspace_id = g.workspace_id and e.goal_id = g.id
  join goalpost.agents a on a.id = e.agent_id
 where o.id = {goal}
 group by a.name, a.version
 order by sum(e.cost_microusd) desc, a.name;

-- Cost: by model (/usage/models)
select e.provider, e.model, count(*) as calls, sum(e.input_tokens + e.output_tokens) as tokens,
       sum(e.cost_microusd) as cost_microusd
  from goalpost.goals o
  join goalpost.goals g on g.root_goal_id = o.root_goal_id and (g.id = o.id or o.parent_goal_id is null)
  join goalpost.usage_events e on e.workspace_id = g.workspace_id and e.goal_id = g.id
 where o.id = {goal}
 group by e.provider, e.model
 order by sum(e.cost_microusd) desc, e.model;

-- Cost: estimate of the plan (/estimate)
select (p.estimate ->> 'cost_microusd')::numeric as cost_microusd, (p.estimate ->> 'least_microusd')::numeric as least_microusd,
       (p.estimate ->> 'most_microusd')::numeric as most_microusd, (p.estimate ->> 'runs')::integer as runs,
       (p.estimate ->> 'steps')::integer as steps
  from goalpost.workflow_runs r
  join goalpost.plan_revisions p on p.run_id = r.id
 where r.goal_id = {goal}
 order by p.revision desc limit 1;

-- Cost: the last 20 goals of the kind (/history)
select h.* from (
  select g.id as goal_id, g.state, round(extract(epoch from g.ended_at - g.created_at)::numeric, 3) as seconds,
         (select count(*) from goalpost.goals p join goalpost.usage_events e on e.goal_id = p.id
           where p.root_goal_id = g.id) as calls,
         (select coalesce(sum(e.cost_microusd), 0) from goalpost.goals p join goalpost.usage_events e on e.goal_id = p.id
           where p.root_goal_id = g.id) as cost_microusd, g.ended_at
    from goalpost.goals o
    join goalpost.goals g on g.workspace_id = o.workspace_id and g.goal_type = o.goal_type and g.parent_goal_id is null
   where o.id = {goal} and g.state in ('completed', 'failed') and g.ended_at <= coalesce(o.ended_at, 'infinity')
   order by g.ended_at desc, g.id desc limit 20) h
 order by h.ended_at, h.goal_id;

-- Work: requests by state (/work/requests)
select q.state, count(*) as requests
  from goalpost.requests q
 where q.workspace_id = {workspace} and q.created_at >= {since} and q.created_at < {until}
   and (q.goal_id is not null or not exists (
     select from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id
      where r.request_id = q.id and s.kind = 'analyze'))
 group by q.state order by q.state;

-- Work: goals by state (/work/goals)
select g.state, count(*) as goals
  from goalpost.requests q
  join goalpost.goals g on g.id = q.goal_id
 where q.workspace_id = {workspace} and q.created_at >= {since} and q.created_at < {until}
 group by g.state order by g.state;

-- Work: goals by kind and runbook version (/work/kinds)
select k.goal_type, k.runbook, k.version, count(*) as goals, count(*) filter (where k.state = 'completed') as completed,
       count(*) filter (where k.state = 'failed') as failed, round(avg(k.seconds), 3) as mean_seconds, sum(k.calls) as calls,
       sum(k.cost) as cost_microusd,
       round(sum(k.cost) / nullif(count(*) filter (where k.state = 'completed'), 0)) as microusd_per_completed
  from (
    select g.goal_type, g.state, b.id as runbook_id, b.name as runbook, b.version,
           extract(epoch from g.ended_at - g.created_at)::numeric as seconds,
           (select count(*) from goalpost.goals p join goalpost.usage_events e on e.goal_id = p.id
           where p.root_goal_id = g.id and e.created_at >= {since} and e.created_at < {until}) as calls,
           (select coalesce(sum(e.cost_microusd), 0) from goalpost.goals p join goalpost.usage_events e on e.goal_id = p.id
           where p.root_goal_id = g.id and e.created_at >= {since} and e.created_at < {until}) as cost
      from goalpost.requests q
      join goalpost.goals g on g.id = q.goal_id
      join goalpost.workflow_runs r on r.goal_id = g.id
      left join goalpost.runbooks b on b.id = r.runbook_id
     where q.workspace_id = {workspace} and q.created_at >= {since} and q.created_at < {until}) k
 group by k.goal_type, k.runbook_id, k.runbook, k.version
 order by count(*) desc, k.goal_type, k.runbook, k.version limit 50;

-- Work: estimate against actual cost (/work/estimates)
select k.goal_type, count(*) as goals, sum((k.estimate ->> 'cost_microusd')::numeric) as estimated_microusd,
       sum(k.cost) as cost_microusd,
       count(*) filter (where k.cost between (k.estimate ->> 'least_microusd')::numeric
                                         and (k.estimate ->> 'most_microusd')::numeric) as within_bounds
  from (
    select g.goal_type,
           (select p.estimate from goalpost.workflow_runs r join goalpost.plan_revisions p on p.run_id = r.id
             where r.goal_id = g.id order by p.revision limit 1) as estimate,
           (select coalesce(sum(e.cost_microusd), 0) from goalpost.goals p join goalpost.usage_events e on e.goal_id = p.id
           where p.root_goal_id = g.id and e.created_at >= {since} and e.created_at < {until}) as cost
      from goalpost.requests q
      join goalpost.goals g on g.id = q.goal_id
     where q.workspace_id = {workspace} and q.created_at >= {since} and q.created_at < {until}
       and g.state in ('completed', 'failed') and g.ended_at < {until}) k
 where k.estimate is not null
 group by k.goal_type order by count(*) desc, k.goal_type limit 50;

-- Work: failures by reason code (/work/failures)
select coalesce(g.reason_code, q.reason_code, 'none') as reason_code, count(*) as requests
  from goalpost.requests q
  left join goalpost.goals g on g.id = q.goal_id
 where q.workspace_id = {workspace} and q.created_at >= {since} and q.created_at < {until}
   and (q.state = 'failed' or g.state = 'failed')
   and (q.goal_id is not null or not exists (
     select from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id
      where r.request_id = q.id and s.kind = 'analyze'))
 group by 1 order by count(*) desc, 1 limit 20;

-- Cost: in all (/usage/all)
select count(*) as calls, coalesce(sum(e.input_tokens), 0) as input_tokens, coalesce(sum(e.output_tokens), 0) as output_tokens,
       coalesce(sum(e.cost_microusd), 0) as cost_microusd,
       coalesce(sum(e.cost_microusd) filter (where e.is_estimate), 0) as estimated_microusd,
       round(coalesce(sum(e.duration_ms), 0) / 1000.0, 3) as seconds
  from goalpost.usage_events e
 where e.workspace_id = {workspace} and e.created_at >= {since} and e.created_at < {until};

-- Cost: by day (/usage/days)
select (e.created_at at time zone 'UTC')::date as day, count(*) as calls, coalesce(sum(e.input_tokens), 0) as input_tokens, coalesce(sum(e.output_tokens), 0) as output_tokens,
       coalesce(sum(e.cost_microusd), 0) as cost_microusd,
       coalesce(sum(e.cost_microusd) filter (where e.is_estimate), 0) as estimated_microusd,
       round(coalesce(sum(e.duration_ms), 0) / 1000.0, 3) as seconds
  from goalpost.usage_events e
 where e.workspace_id = {workspace} and e.created_at >= {since} and e.created_at < {until}
 group by 1 order by 1;

-- Cost: by agent version (/usage/agents)
select a.name as agent, a.version, count(*) as calls, coalesce(sum(e.input_tokens), 0) as input_tokens, coalesce(sum(e.output_tokens), 0) as output_tokens,
       coalesce(sum(e.cost_microusd), 0) as cost_microusd,
       coalesce(sum(e.cost_microusd) filter (where e.is_estimate), 0) as estimated_microusd,
       round(coalesce(sum(e.duration_ms), 0) / 1000.0, 3) as seconds
  from goalpost.usage_events e
  join goalpost.agents a on a.id = e.agent_id
 where e.workspace_id = {workspace} and e.created_at >= {since} and e.created_at < {until}
 group by a.id, a.name, a.version order by sum(e.cost_microusd) desc, a.id limit 50;

-- Cost: by model (/usage/models)
select e.provider, e.model, count(*) as calls, coalesce(sum(e.input_tokens), 0) as input_tokens, coalesce(sum(e.output_tokens), 0) as output_tokens,
       coalesce(sum(e.cost_microusd), 0) as cost_microusd,
       coalesce(sum(e.cost_microusd) filter (where e.is_estimate), 0) as estimated_microusd,
       round(coalesce(sum(e.duration_ms), 0) / 1000.0, 3) as seconds
  from goalpost.usage_events e
 where e.workspace_id = {workspace} and e.created_at >= {since} and e.created_at < {until}
 group by e.provider, e.model order by sum(e.cost_microusd) desc, e.provider, e.model limit 50;

-- Cost: by runbook version (/usage/runbooks)
select b.name as runbook, b.version, count(*) as calls, coalesce(sum(e.input_tokens), 0) as input_tokens, coalesce(sum(e.output_tokens), 0) as output_tokens,
       coalesce(sum(e.cost_microusd), 0) as cost_microusd,
       coalesce(sum(e.cost_microusd) filter (where e.is_estimate), 0) as estimated_microusd,
       round(coalesce(sum(e.duration_ms), 0) / 1000.0, 3) as seconds
  from goalpost.usage_events e
  join goalpost.runbooks b on b.id = e.runbook_id
 where e.workspace_id = {workspace} and e.created_at >= {since} and e.created_at < {until}
 group by b.id, b.name, b.version order by sum(e.cost_microusd) desc, b.id limit 50;

-- Cost: by person (/usage/people)
select e.user_id, count(*) as calls, coalesce(sum(e.input_tokens), 0) as input_tokens, coalesce(sum(e.output_tokens), 0) as output_tokens,
       coalesce(sum(e.cost_microusd), 0) as cost_microusd,
       coalesce(sum(e.cost_microusd) filter (where e.is_estimate), 0) as estimated_microusd,
       round(coalesce(sum(e.duration_ms), 0) / 1000.0, 3) as seconds
  from goalpost.usage_events e
 where e.workspace_id = {workspace} and e.created_at >= {since} and e.created_at < {until}
 group by e.user_id order by sum(e.cost_microusd) desc, e.user_id limit 50;

-- Cost: the five dearest goals (/dearest)
select g.id as goal_id, g.state, count(*) as calls, sum(e.cost_microusd) as cost_microusd
  from goalpost.usage_events e
  join goalpost.goals p on p.id = e.goal_id
  join goalpost.goals g on g.id = p.root_goal_id
 where e.workspace_id = {workspace} and e.created_at >= {since} and e.created_at < {until}
 group by g.id, g.state order by sum(e.cost_microusd) desc, g.id limit 5;

-- People: approvals by kind (/decisions/approvals)
select a.kind, count(*) as requested, count(*) filter (where a.state = 'approved') as approved,
       count(*) filter (where a.state = 'rejected') as rejected, count(*) filter (where a.state = 'expired') as expired,
       count(*) filter (where a.state = 'cancelled') as cancelled, count(*) filter (where a.state = 'pending') as pending,
       count(*) filter (where a.edited is not null) as edited,
       round(avg(extract(epoch from a.decided_at - a.requested_at))::numeric, 3) as mean_seconds
  from goalpost.approvals a
 where a.workspace_id = {workspace} and a.requested_at >= {since} and a.requested_at < {until}
 group by a.kind order by a.kind;

-- People: ratings by kind of goal (/decisions/ratings)
select g.goal_type, count(*) filter (where f.rating = 'good') as good, count(*) filter (where f.rating = 'bad') as bad
  from goalpost.feedback f
  join goalpost.goals g on g.id = f.goal_id
 where f.workspace_id = {workspace} and f.rated_at >= {since} and f.rated_at < {until}
 group by g.goal_type order by count(*) desc, g.goal_type limit 50;

-- Learning: improvements with their effect (/decisions/improvements)
select i.id, i.kind, i.state, i.expected, i.measured
  from goalpost.improvements i
 where i.workspace_id = {workspace} and i.changed_at >= {since}
   and (i.created_at >= {since} and i.created_at < {until} or i.changed_at < {until})
 order by i.id desc limit 50;

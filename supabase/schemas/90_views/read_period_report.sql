-- The report of a period of one workspace, from rows that its reader may see: invoker functions under row-level security.
-- Work is counted where its request was made in the period; usage, and the cost of goals, where it was booked in it.
-- Every number has a query beside it in infra/cli/src/commands/report/period.sql. Lists are bounded.

-- Returns the requests of a period, analyses not included, each with its goal. An estimate is the first plan's, of a goal
-- that ended within the period; a cost is that of the goal and its sub-goals.
-- The workspace has no statistics (10_policies.sql), so Postgres takes it for small and would compare all rows of two
-- joined sets: single rows are looked up laterally, and nested loops are off for the rest.
create function goalpost_private.period_requests(p_workspace_id uuid, p_since timestamptz, p_until timestamptz)
returns table (
  request_state text, goal_id bigint, goal_type text, goal_state text, reason_code text, reason text, seconds numeric,
  runbook_id bigint, estimate jsonb, calls bigint, cost_microusd bigint)
language sql stable
set search_path = '' set enable_nestloop = off
as $$
  with spent as materialized (
    select g.root_goal_id, sum(e.calls)::bigint as calls, sum(e.cost)::bigint as cost
      from (select u.goal_id, count(*) as calls, sum(u.cost_microusd) as cost
              from goalpost.usage_events u
             where u.workspace_id = p_workspace_id and u.created_at >= p_since and u.created_at < p_until
             group by u.goal_id) e
     cross join lateral (
       select o.root_goal_id from goalpost.goals o where o.workspace_id = p_workspace_id and o.id = e.goal_id limit 1) g
     group by g.root_goal_id
  )
  select q.state, g.id, g.goal_type, g.state, coalesce(g.reason_code, q.reason_code), coalesce(g.reason, q.reason),
         extract(epoch from g.ended_at - g.created_at)::numeric, r.runbook_id,
         case when g.state in ('completed', 'failed') and g.ended_at < p_until then p.estimate end,
         coalesce(s.calls, 0), coalesce(s.cost, 0)
    from goalpost.requests q
    left join lateral (
      select o.* from goalpost.goals o where o.workspace_id = p_workspace_id and o.id = q.goal_id limit 1) g on true
    left join lateral (
      select o.id, o.runbook_id from goalpost.workflow_runs o
       where o.workspace_id = p_workspace_id and o.goal_id = q.goal_id limit 1) r on true
    left join lateral (
      select o.estimate from goalpost.plan_revisions o where o.run_id = r.id order by o.revision limit 1) p on true
    left join lateral (
      select true as found from goalpost.workflow_runs o
       cross join lateral (select from goalpost.steps t where t.run_id = o.id and t.kind = 'analyze' limit 1) t
       where q.goal_id is null and o.workspace_id = p_workspace_id and o.request_id = q.id limit 1) analysis on true
    left join spent s on s.root_goal_id = q.goal_id
   where q.workspace_id = p_workspace_id and q.created_at >= p_since and q.created_at < p_until
     and analysis.found is null
$$;

-- Returns the work of a period: {"requests", "goals"} by state, "kinds" (goal types with their runbooks, the most
-- frequent 50), "estimates" by goal type beside the actual cost, and "failures" by reason code (20).
create function goalpost_private.period_work(p_workspace_id uuid, p_since timestamptz, p_until timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  with asked as materialized (select * from goalpost_private.period_requests(p_workspace_id, p_since, p_until))
  select jsonb_build_object(
    'requests', (select coalesce(jsonb_agg(to_jsonb(x) order by x.state), '[]')
                   from (select request_state as state, count(*) as requests from asked group by 1) x),
    'goals', (select coalesce(jsonb_agg(to_jsonb(x) order by x.state), '[]')
                from (select goal_state as state, count(*) as goals from asked where goal_id is not null group by 1) x),
    'kinds', (select coalesce(jsonb_agg(to_jsonb(x) order by x.goals desc, x.goal_type, x.runbook, x.version), '[]') from (
      select a.goal_type, b.name as runbook, b.version, count(*) as goals,
             count(*) filter (where a.goal_state = 'completed') as completed,
             count(*) filter (where a.goal_state = 'failed') as failed, round(avg(a.seconds), 3) as mean_seconds,
             sum(a.calls) as calls, sum(a.cost_microusd) as cost_microusd,
             round(sum(a.cost_microusd) / nullif(count(*) filter (where a.goal_state = 'completed'), 0)) as microusd_per_completed
        from asked a left join goalpost.runbooks b on b.id = a.runbook_id
       where a.goal_id is not null
       group by a.goal_type, b.id, b.name, b.version
       order by count(*) desc, a.goal_type, b.name, b.version limit 50) x),
    'estimates', (select coalesce(jsonb_agg(to_jsonb(x) order by x.goals desc, x.goal_type), '[]') from (
      select goal_type, count(*) as goals, sum((estimate ->> 'cost_microusd')::numeric) as estimated_microusd,
             sum(cost_microusd) as cost_microusd,
             count(*) filter (where cost_microusd between (estimate ->> 'least_microusd')::numeric
                                                  and (estimate ->> 'most_microusd')::numeric) as within_bounds
        from asked where estimate is not null group by goal_type
       order by count(*) desc, goal_type limit 50) x),
    'failures', (select coalesce(jsonb_agg(to_jsonb(x) order by x.requests desc, x.reason_code), '[]') from (
      select coalesce(reason_code, 'none') as reason_code, count(*) as requests, left(min(reason), 200) as example
        from asked where request_state = 'failed' or goal_state = 'failed'
       group by 1 order by count(*) desc, 1 limit 20) x))
$$;

-- Returns the five goals with the highest cost booked in a period, their sub-goals included.
create function goalpost_private.period_dearest(p_workspace_id uuid, p_since timestamptz, p_until timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(x) order by x.cost_microusd desc, x.goal_id), '[]') from (
    select g.id as goal_id, g.title, g.goal_type, g.state, s.calls, s.cost_microusd
      from (select o.root_goal_id, sum(e.calls)::bigint as calls, sum(e.cost)::bigint as cost_microusd
              from (select u.goal_id, count(*) as calls, sum(u.cost_microusd) as cost
                      from goalpost.usage_events u
                     where u.workspace_id = p_workspace_id and u.created_at >= p_since and u.created_at < p_until
                     group by u.goal_id) e
             cross join lateral (
               select g.root_goal_id from goalpost.goals g where g.workspace_id = p_workspace_id and g.id = e.goal_id limit 1) o
             group by o.root_goal_id
             order by sum(e.cost) desc, o.root_goal_id limit 5) s
      join goalpost.goals g on g.workspace_id = p_workspace_id and g.id = s.root_goal_id) x
$$;

-- Returns the usage that was booked in a period: "all", by day (UTC), and by agent version, model, runbook version and
-- person (the dearest 50 of each). Seconds are those of the model calls.
create function goalpost_private.period_usage(p_workspace_id uuid, p_since timestamptz, p_until timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  with used as materialized (
    select (u.created_at at time zone 'UTC')::date as day, u.agent_id, u.provider, u.model, u.runbook_id, u.user_id,
           u.input_tokens, u.output_tokens, u.cost_microusd, u.is_estimate, u.duration_ms
      from goalpost.usage_events u
     where u.workspace_id = p_workspace_id and u.created_at >= p_since and u.created_at < p_until
  ),
  summed as materialized (
    select grouping(day, agent_id, model, runbook_id, user_id) as by, day, agent_id, provider, model, runbook_id, user_id,
           coalesce(sum(cost_microusd), 0) as cost,
           jsonb_build_object(
             'calls', count(*), 'input_tokens', coalesce(sum(input_tokens), 0), 'output_tokens', coalesce(sum(output_tokens), 0),
             'cost_microusd', coalesce(sum(cost_microusd), 0),
             'estimated_microusd', coalesce(sum(cost_microusd) filter (where is_estimate), 0),
             'seconds', round(coalesce(sum(duration_ms), 0) / 1000.0, 3)) as sums
      from used
     group by grouping sets ((), (day), (agent_id), (provider, model), (runbook_id), (user_id))
  )
  select jsonb_build_object(
    'all', (select sums from summed where by = 31),
    'days', (select coalesce(jsonb_agg(jsonb_build_object('day', day) || sums order by day), '[]') from summed where by = 15),
    'agents', (select coalesce(jsonb_agg(x.named order by x.cost desc, x.id), '[]') from (
      select jsonb_build_object('agent', a.name, 'version', a.version) || s.sums as named, s.cost, a.id
        from summed s join goalpost.agents a on a.id = s.agent_id where s.by = 23 order by s.cost desc, a.id limit 50) x),
    'models', (select coalesce(jsonb_agg(x.named order by x.cost desc, x.provider, x.model), '[]') from (
      select jsonb_build_object('provider', s.provider, 'model', s.model) || s.sums as named, s.cost, s.provider, s.model
        from summed s where s.by = 27 order by s.cost desc, s.provider, s.model limit 50) x),
    'runbooks', (select coalesce(jsonb_agg(x.named order by x.cost desc, x.id), '[]') from (
      select jsonb_build_object('runbook', b.name, 'version', b.version) || s.sums as named, s.cost, b.id
        from summed s join goalpost.runbooks b on b.id = s.runbook_id where s.by = 29 order by s.cost desc, b.id limit 50) x),
    'people', (select coalesce(jsonb_agg(x.named order by x.cost desc, x.user_id), '[]') from (
      select jsonb_build_object('user_id', s.user_id) || s.sums as named, s.cost, s.user_id
        from summed s where s.by = 30 order by s.cost desc, s.user_id limit 50) x))
$$;

-- Returns what people and analyses decided in a period: "approvals" that were requested in it, by kind; "ratings" by goal
-- type (50); "improvements" that were proposed or changed in it, with their effect (the last 50).
create function goalpost_private.period_decisions(p_workspace_id uuid, p_since timestamptz, p_until timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
    'approvals', (select coalesce(jsonb_agg(to_jsonb(x) order by x.kind), '[]') from (
      select a.kind, count(*) as requested, count(*) filter (where a.state = 'approved') as approved,
             count(*) filter (where a.state = 'rejected') as rejected, count(*) filter (where a.state = 'expired') as expired,
             count(*) filter (where a.state = 'cancelled') as cancelled, count(*) filter (where a.state = 'pending') as pending,
             count(*) filter (where a.edited is not null) as edited,
             round(avg(extract(epoch from a.decided_at - a.requested_at))::numeric, 3) as mean_seconds
        from goalpost.approvals a
       where a.workspace_id = p_workspace_id and a.requested_at >= p_since and a.requested_at < p_until
       group by a.kind) x),
    'ratings', (select coalesce(jsonb_agg(to_jsonb(x) order by x.good + x.bad desc, x.goal_type), '[]') from (
      select g.goal_type, count(*) filter (where f.rating = 'good') as good, count(*) filter (where f.rating = 'bad') as bad
        from goalpost.feedback f join goalpost.goals g on g.workspace_id = p_workspace_id and g.id = f.goal_id
       where f.workspace_id = p_workspace_id and f.rated_at >= p_since and f.rated_at < p_until
       group by g.goal_type order by count(*) desc, g.goal_type limit 50) x),
    'improvements', (select coalesce(jsonb_agg(to_jsonb(x) order by x.id desc), '[]') from (
      select i.id, i.kind, i.title, i.state, i.expected, i.measured
        from goalpost.improvements i
       where i.workspace_id = p_workspace_id and i.changed_at >= p_since
         and (i.created_at >= p_since and i.created_at < p_until or i.changed_at < p_until)
       order by i.id desc limit 50) x))
$$;

-- Returns the report of a workspace from p_since until before p_until, at most 366 days: {"workspace", "since", "until",
-- "work", "usage", "decisions", "dearest"}. Raises ZG001 for a workspace that the caller may not see, ZG003 for a period
-- that is empty or too long. JIT is off: compilation would take longer than the queries.
create function goalpost.read_period_report(p_workspace_id uuid, p_since timestamptz, p_until timestamptz) returns jsonb
language plpgsql stable
set search_path = '' set jit = off
as $$
declare
  v_name text;
begin
  select w.name into v_name from goalpost.workspaces w where w.id = p_workspace_id;
  if not found then
    raise exception using errcode = 'ZG001', message = 'there is no such thing, or it is not yours to see';
  end if;
  if (p_since < p_until and p_until - p_since <= interval '366 days') is not true then
    raise exception using errcode = 'ZG003', message = 'a period has a beginning before its end, and at most 366 days';
  end if;
  return jsonb_build_object(
    'workspace', v_name, 'since', p_since, 'until', p_until,
    'work', goalpost_private.period_work(p_workspace_id, p_since, p_until),
    'usage', goalpost_private.period_usage(p_workspace_id, p_since, p_until),
    'decisions', goalpost_private.period_decisions(p_workspace_id, p_since, p_until),
    'dearest', goalpost_private.period_dearest(p_workspace_id, p_since, p_until));
end
$$;

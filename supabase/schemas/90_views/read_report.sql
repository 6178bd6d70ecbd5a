-- The report of a goal, from rows that its reader may see: an invoker function under row-level security. Every number is
-- a sum or a difference over rows of the goal; the comments name them. A root goal contains its sub-goals.

-- Returns the goals that a report is about: the goal, and the sub-goals of a root.
create function goalpost_private.goals_of_report(p_goal_id bigint) returns setof goalpost.goals
language sql stable
set search_path = ''
as $$
  select g.* from goalpost.goals o join goalpost.goals g on g.workspace_id = o.workspace_id and g.root_goal_id = o.root_goal_id
   where o.id = p_goal_id and (g.id = o.id or o.parent_goal_id is null)
$$;

-- Returns the steps of a goal with their work: attempts (step_attempts), seconds (started_at to ended_at), and calls,
-- tokens and cost (usage_events).
create function goalpost_private.report_steps(p_goal_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'goal_id', g.id, 'key', s.key, 'kind', s.kind, 'title', s.title, 'state', s.state,
           'agent', a.name, 'agent_version', a.version, 'attempts', t.attempts,
           'started_at', s.started_at, 'ended_at', s.ended_at,
           'seconds', round(extract(epoch from s.ended_at - s.started_at)::numeric, 3),
           'calls', u.calls, 'tokens', u.tokens, 'cost_microusd', u.cost, 'error', s.error ->> 'message')
           order by g.id, coalesce(s.started_at, s.ended_at), s.key), '[]')
    from goalpost_private.goals_of_report(p_goal_id) g
    join goalpost.workflow_runs r on r.workspace_id = g.workspace_id and r.goal_id = g.id
    join goalpost.steps s on s.run_id = r.id
    left join goalpost.agents a on a.id = s.agent_id
   cross join lateral (select count(*) as attempts from goalpost.step_attempts t where t.run_id = s.run_id and t.step_key = s.key) t
   cross join lateral (
     select count(*) as calls, coalesce(sum(e.input_tokens + e.output_tokens), 0) as tokens, coalesce(sum(e.cost_microusd), 0) as cost
       from goalpost.usage_events e where e.run_id = s.run_id and e.step_key = s.key) u
$$;

-- Returns the usage of a goal (usage_events): in all, by agent version, and by model.
create function goalpost_private.report_usage(p_goal_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  with used as materialized (
    select e.*, a.name as agent, a.version as agent_version
      from goalpost_private.goals_of_report(p_goal_id) g
      join goalpost.usage_events e on e.workspace_id = g.workspace_id and e.goal_id = g.id
      left join goalpost.agents a on a.id = e.agent_id
  ),
  summed as (
    select grouping(agent) as no_agent, grouping(model) as no_model, agent, agent_version, provider, model, count(*) as calls,
           coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens,
           coalesce(sum(cost_microusd), 0) as cost, coalesce(sum(cost_microusd) filter (where is_estimate), 0) as estimated
      from used
     group by grouping sets ((), (agent, agent_version), (provider, model))
  )
  select jsonb_build_object(
    'all', (select jsonb_build_object('calls', calls, 'input_tokens', input_tokens, 'output_tokens', output_tokens,
                                      'cost_microusd', cost, 'estimated_microusd', estimated)
              from summed where no_agent = 1 and no_model = 1),
    'agents', (select coalesce(jsonb_agg(jsonb_build_object(
                 'agent', agent, 'version', agent_version, 'calls', calls, 'tokens', input_tokens + output_tokens,
                 'cost_microusd', cost) order by cost desc, agent), '[]') from summed where no_agent = 0 and agent is not null),
    'models', (select coalesce(jsonb_agg(jsonb_build_object(
                 'provider', provider, 'model', model, 'calls', calls, 'tokens', input_tokens + output_tokens,
                 'cost_microusd', cost) order by cost desc, model), '[]') from summed where no_model = 0))
$$;

-- Returns the last 20 ended goals of the same type in the workspace up to this one, oldest first: seconds from question
-- to end, calls and cost of each with its sub-goals. The learning curve of its kind.
create function goalpost_private.report_history(p_goal goalpost.goals) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(h) order by h.ended_at, h.goal_id), '[]')
    from (
      select g.id as goal_id, g.state, g.ended_at, round(extract(epoch from g.ended_at - g.created_at)::numeric, 3) as seconds,
             u.calls, u.cost_microusd
        from goalpost.goals g
       cross join lateral (
         select count(e.run_id) as calls, coalesce(sum(e.cost_microusd), 0) as cost_microusd
           from goalpost.goals p
           left join goalpost.usage_events e on e.workspace_id = p.workspace_id and e.goal_id = p.id
          where p.workspace_id = g.workspace_id and p.root_goal_id = g.id) u
       where g.workspace_id = p_goal.workspace_id and g.goal_type = p_goal.goal_type and g.parent_goal_id is null
         and g.state in ('completed', 'failed') and g.ended_at <= coalesce(p_goal.ended_at, 'infinity')
       order by g.ended_at desc, g.id desc
       limit 20) h
$$;

-- Returns suggestions for people, each from rows: [{"code", "message"}].
create function goalpost_private.report_suggestions(p_goal goalpost.goals, p_steps jsonb, p_cost bigint, p_estimate jsonb)
returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('code', s.code, 'message', s.message) order by s.place, s.message), '[]')
    from (
      select 1 as place, 'step_retried' as code,
             format('the step %s needed %s attempts', t ->> 'key', t ->> 'attempts') as message
        from jsonb_array_elements(p_steps) t where (t ->> 'attempts')::integer > 1
      union all
      select 2, 'step_failed', format('the step %s failed: %s', t ->> 'key', left(t ->> 'error', 200))
        from jsonb_array_elements(p_steps) t where t ->> 'state' = 'failed'
      union all
      select 3, 'over_estimate', format('it cost more than twice its estimate of %s micro-dollars', p_estimate ->> 'cost_microusd')
       where p_cost > 2 * (p_estimate ->> 'cost_microusd')::numeric
      union all
      select 4, 'no_runbook', 'no runbook covers goals of this kind yet: export its plan as one'
       where p_goal.state = 'completed' and not exists (
         select from goalpost.workflow_runs r where r.workspace_id = p_goal.workspace_id and r.goal_id = p_goal.id and r.runbook_id is not null)
      union all
      select 5, 'not_rated', format('it has no rating yet: goalpost feedback %s --good', p_goal.id)
       where p_goal.state in ('completed', 'failed') and not exists (
         select from goalpost.feedback f where f.workspace_id = p_goal.workspace_id and f.goal_id = p_goal.id)) s
$$;

-- Returns the report of a goal: {"goal", "question", "plan", "criteria", "contradictions", "steps", "approvals",
-- "feedback", "usage", "estimate", "history", "suggestions"}. Raises ZG001 for a goal that the caller may not see.
create function goalpost.read_report(p_goal_id bigint) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_goal goalpost.goals;
  v_plan goalpost.plan_revisions;
  v_steps jsonb;
  v_usage jsonb;
begin
  select * into v_goal from goalpost.goals g where g.id = p_goal_id;
  if not found then
    raise exception using errcode = 'ZG001', message = 'there is no such thing, or it is not yours to see';
  end if;
  select p.* into v_plan
    from goalpost.workflow_runs r join goalpost.plan_revisions p on p.run_id = r.id
   where r.workspace_id = v_goal.workspace_id and r.goal_id = v_goal.id
   order by p.revision desc limit 1;
  v_steps := goalpost_private.report_steps(p_goal_id);
  v_usage := goalpost_private.report_usage(p_goal_id);
  return jsonb_build_object(
    'goal', jsonb_build_object(
      'id', v_goal.id, 'title', v_goal.title, 'goal_type', v_goal.goal_type, 'state', v_goal.state, 'reason', v_goal.reason,
      'created_at', v_goal.created_at, 'ended_at', v_goal.ended_at,
      'seconds', round(extract(epoch from v_goal.ended_at - v_goal.created_at)::numeric, 3), 'report', v_goal.report),
    'question', (select q.question from goalpost.requests q where q.workspace_id = v_goal.workspace_id and q.id = v_goal.request_id),
    'plan', (select jsonb_build_object('revision', v_plan.revision, 'reasons', v_plan.reasons, 'runbook', b.name, 'version', b.version)
               from (select 1) o left join goalpost.runbooks b on b.id = v_plan.runbook_id where v_plan.run_id is not null),
    'criteria', (select coalesce(jsonb_agg(jsonb_build_object(
                   'number', c.number, 'description', c.description, 'verdict', c.verdict, 'evidence', c.evidence,
                   'evidence_step', c.evidence_step, 'decided_by', c.decided_by) order by c.number), '[]')
                   from goalpost.goal_criteria c where c.workspace_id = v_goal.workspace_id and c.goal_id = v_goal.id),
    'contradictions', case jsonb_typeof(v_goal.result -> 'contradictions') when 'array' then v_goal.result -> 'contradictions' else '[]' end,
    'steps', v_steps,
    'approvals', (select coalesce(jsonb_agg(jsonb_build_object(
                    'id', a.id, 'step_key', a.step_key, 'kind', a.kind, 'question', left(a.question, 500), 'state', a.state,
                    'decided_at', a.decided_at, 'was_edited', a.edited is not null, 'comment', a.comment) order by a.id), '[]')
                    from goalpost.approvals a where a.workspace_id = v_goal.workspace_id
                     and a.goal_id in (select o.id from goalpost_private.goals_of_report(p_goal_id) o)),
    'feedback', (select coalesce(jsonb_agg(jsonb_build_object(
                   'step_key', f.step_key, 'rating', f.rating, 'comment', f.comment) order by f.rated_at), '[]')
                   from goalpost.feedback f where f.workspace_id = v_goal.workspace_id and f.goal_id = v_goal.id),
    'usage', v_usage,
    'estimate', v_plan.estimate,
    'history', goalpost_private.report_history(v_goal),
    'suggestions', goalpost_private.report_suggestions(
      v_goal, v_steps, (v_usage #>> '{all,cost_microusd}')::bigint, v_plan.estimate));
end
$$;

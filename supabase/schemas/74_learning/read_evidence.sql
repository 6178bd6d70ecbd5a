-- The evidence of an analysis: what happened in a workspace in the last 90 days, bounded. Results of calls are data of
-- the people who asked: the analyzer compares them and never copies them into a proposal.

-- Returns the latest goals that a model planned and that were reached without a failed call, another plan, a sub-goal or
-- a question to a person, the newest first.
create function goalpost_private.runs_to_learn_from(p_workspace_id uuid, p_now timestamptz, p_limit integer)
returns setof goalpost.workflow_runs
language sql stable
set search_path = ''
as $$
  select r.*
    from (select g.id, g.state, g.ended_at from goalpost.goals g
           where g.workspace_id = p_workspace_id and g.parent_goal_id is null order by g.id desc limit 1000) g
    join goalpost.workflow_runs r on r.workspace_id = p_workspace_id and r.goal_id = g.id
   where g.state = 'completed' and g.ended_at > p_now - interval '90 days' and r.runbook_id is null and r.revision = 1
     and not exists (select from goalpost.steps s
                      where s.run_id = r.id and (s.state <> 'completed' or s.kind = 'subgoal'))
     and not exists (select from goalpost.tool_calls c
                      where c.run_id = r.id and (c.state <> 'done' or c.tool in ('delegate', 'ask_human')))
     and not exists (select from goalpost.goal_criteria c
                      where c.workspace_id = p_workspace_id and c.goal_id = g.id and c.verdict <> 'met')
     and not exists (select from goalpost_private.rating_effects e
                      where e.workspace_id = p_workspace_id and e.goal_id = g.id and e.effect < 0)
   order by g.id desc
   limit p_limit
$$;

-- Returns the calls of a step in order, without those that only steer an agent. A result of more than 32 kB is left out.
create function goalpost_private.evidence_of_calls(p_run_id bigint, p_step_key text) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'tool', c.tool, 'arguments', c.arguments, 'writes', c.writes, 'was_edited', c.proposed_arguments is not null,
           'result', case when not goalpost_private.is_larger_than(c.result, 32768) then c.result end) order by c.number), '[]')
    from goalpost.tool_calls c
   where c.run_id = p_run_id and c.step_key = p_step_key and c.tool not in ('submit_result', 'remember', 'recall')
$$;

-- Describes a run to learn from: question, plan, steps with their calls, and cost with everything that led to it.
create function goalpost_private.evidence_of_run(p_run goalpost.workflow_runs, p_time_zone text) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'run_id', p_run.id, 'user_id', p_run.user_id, 'question', q.question,
           'local_now', to_char(q.created_at at time zone p_time_zone, 'FMDay, YYYY-MM-DD HH24:MI:SS'),
           'title', g.title, 'goal_type', g.goal_type, 'report', g.report,
           'plan', (select v.plan from goalpost.plan_revisions v where v.run_id = p_run.id and v.revision = 1),
           'steps', (select coalesce(jsonb_agg(jsonb_build_object(
                              'key', s.key, 'kind', s.kind, 'result', s.result,
                              'calls', goalpost_private.evidence_of_calls(s.run_id, s.key))), '[]')
                       from goalpost.steps s where s.run_id = p_run.id and s.kind not in ('plan', 'judge')),
           'model_calls', u.calls, 'cost_microusd', u.cost,
           'seconds', extract(epoch from g.ended_at - q.created_at), 'asked_at', extract(epoch from q.created_at))
    from goalpost.goals g
    join goalpost.requests q on q.id = g.request_id
   cross join lateral (
     select count(*) as calls, coalesce(sum(u.cost_microusd), 0) as cost
       from goalpost.workflow_runs t join goalpost.usage_events u on u.run_id = t.id
      where t.workspace_id = p_run.workspace_id and t.root_run_id = p_run.root_run_id) u
   where g.id = p_run.goal_id
$$;

-- Returns how people decided on the calls of each tool.
create function goalpost_private.evidence_of_decisions(p_workspace_id uuid, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(d) order by d.tool), '[]')
    from (
      select c.tool, count(*) filter (where a.state = 'approved' and a.edited is null) as approved,
             count(*) filter (where a.state = 'approved' and a.edited is not null) as edited,
             count(*) filter (where a.state = 'rejected') as rejected,
             count(distinct a.decided_by) as people, (array_agg(a.id order by a.id desc))[:20] as approvals
        from goalpost.approvals a
        join goalpost.tool_calls c on c.run_id = a.run_id and c.step_key = a.step_key and c.number = a.call_number
       where a.workspace_id = p_workspace_id and a.kind = 'tool_call' and c.tool <> 'remember'
         and a.state in ('approved', 'rejected')
         and a.decided_at > p_now - interval '90 days'
       group by c.tool) d
$$;

-- Returns people's edits of calls, the newest first.
create function goalpost_private.evidence_of_corrections(p_workspace_id uuid, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(c)), '[]')
    from (
      select c.approval_id, c.tool, c.corrected_by as user_id, c.proposed, c.corrected
        from goalpost.corrections c
       where c.workspace_id = p_workspace_id and c.kind = 'tool_call' and c.tool <> 'remember' and c.created_at > p_now - interval '90 days'
         and not goalpost_private.is_larger_than(c.proposed, 8192) and not goalpost_private.is_larger_than(c.corrected, 8192)
       order by c.approval_id desc limit 200) c
$$;

-- Returns failed calls of agents that a later call of the same tool in the same step made good, the newest first.
create function goalpost_private.evidence_of_failures(p_workspace_id uuid, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(f)), '[]')
    from (
      select c.run_id, c.tool, c.error ->> 'code' as code, left(c.error ->> 'message', 300) as message
        from (select r.id from goalpost.workflow_runs r
               where r.workspace_id = p_workspace_id and r.created_at > p_now - interval '90 days'
               order by r.id desc limit 1000) r
        join goalpost.tool_calls c on c.run_id = r.id
       where c.state = 'failed' and c.turn_number is not null
         and exists (select from goalpost.tool_calls o
                      where o.run_id = c.run_id and o.step_key = c.step_key and o.number > c.number and o.tool = c.tool
                        and o.state = 'done')
       order by c.run_id desc, c.step_key, c.number limit 200) f
$$;

-- Returns bad ratings of goals with a remark, the newest first, with the question of the request: a goal's title is a
-- model's, and what becomes a lesson is a person's words alone.
create function goalpost_private.evidence_of_ratings(p_workspace_id uuid, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(f)), '[]')
    from (
      select f.goal_id, f.user_id, left(q.question, 300) as question, f.comment
        from goalpost.feedback f
        join goalpost.goals g on g.workspace_id = f.workspace_id and g.id = f.goal_id
        join goalpost.requests q on q.workspace_id = g.workspace_id and q.id = g.request_id
       where f.workspace_id = p_workspace_id and f.rating = 'bad' and f.comment <> '' and f.rated_at > p_now - interval '90 days'
       order by f.rated_at desc limit 50) f
$$;

-- Returns the lessons of agents whose trial is over (is_trial_over): [{"memory_id", "title", "text", "trust", "uses",
-- "successes", "other_uses", "other_successes", "probability"}], the newest first: how many goals that received it were
-- reached and not rated bad, how many others of the same goal types, and how probable it is that the first rate is
-- higher; of the last 1000 goals within 90 days.
create function goalpost_private.evidence_of_trials(p_workspace_id uuid, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  with ended as materialized (
    select g.request_id, g.goal_type, g.state = 'completed' and not exists (
             select from goalpost_private.rating_effects e
              where e.workspace_id = p_workspace_id and e.goal_id = g.id and e.effect < 0) as is_reached
      from goalpost.goals g
     where g.workspace_id = p_workspace_id and g.parent_goal_id is null and g.state in ('completed', 'failed')
       and g.ended_at > p_now - interval '90 days'
     order by g.id desc limit 1000
  ),
  tried as (
    select m.* from goalpost.memories m
     where m.workspace_id = p_workspace_id and m.trust <> 'revoked' and m.expires_at > p_now
       and goalpost_private.is_trial_over(m, 0)
     order by m.id desc limit 20
  ),
  received as materialized (
    select distinct t.id as memory_id, r.request_id
      from tried t
      join goalpost.memory_uses u on u.workspace_id = p_workspace_id and u.memory_id = t.id
      join goalpost.workflow_runs r on r.id = u.run_id
  ),
  counted as (
    select t.id as memory_id, t.title, t.text, t.trust, count(r.request_id) as uses,
           count(r.request_id) filter (where e.is_reached) as successes,
           count(*) - count(r.request_id) as other_uses,
           count(*) filter (where e.is_reached and r.request_id is null) as other_successes
      from tried t
      join ended e on e.goal_type in (select o.goal_type from received k join ended o on o.request_id = k.request_id
                                       where k.memory_id = t.id)
      left join received r on r.memory_id = t.id and r.request_id = e.request_id
     group by t.id, t.title, t.text, t.trust
  )
  select coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('probability', goalpost_private.probability_of_higher_rate(
                              c.successes, c.uses, c.other_successes, c.other_uses)) order by c.memory_id desc), '[]')
    from counted c
$$;

-- Returns the agents' versions that worked in the last 30 days and are active: [{"name", "version", "definition" (as in
-- apply_agent), "steps", "exhausted": steps that used all their turns, "tools": the tools that they called}]; of the last
-- 2000 steps of agents that ended. One on trial, or whose name has a candidate, is left out.
create function goalpost_private.evidence_of_agents(p_workspace_id uuid, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  with ended as materialized (
    select s.run_id, s.key, s.agent_id, s.error ->> 'code' = 'too_many_turns' or coalesce(s.result ? 'turns_exhausted', false) as is_exhausted
      from goalpost.steps s
     where s.workspace_id = p_workspace_id and s.agent_id is not null and s.state in ('completed', 'failed')
       and s.ended_at > p_now - interval '30 days'
     order by s.run_id desc limit 2000
  ),
  counted as (
    select e.agent_id, count(*) as steps, count(*) filter (where e.is_exhausted) as exhausted,
           (select coalesce(jsonb_agg(distinct c.tool), '[]')
              from ended o join goalpost.tool_calls c on c.run_id = o.run_id and c.step_key = o.key
             where o.agent_id = e.agent_id) as tools
      from ended e group by e.agent_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
           'name', a.name, 'version', a.version, 'steps', c.steps, 'exhausted', c.exhausted, 'tools', c.tools,
           'definition', jsonb_strip_nulls(jsonb_build_object('name', a.name, 'role', a.role, 'model', a.model,
             'tools', to_jsonb(a.tools), 'max_turns', a.max_turns, 'goal_type', a.goal_type))) order by a.id), '[]')
    from counted c join goalpost.agents a on a.id = c.agent_id
   where a.state = 'active'
     and not exists (select from goalpost.agents o where o.workspace_id = p_workspace_id and o.name = a.name and o.state = 'candidate')
$$;

-- Returns what people should look at: [{"subject", "title", "evidence"}]: tools that fail in three of ten calls, errors
-- that ended three or more steps for good, three attempts that timed out, goal types of which every second of five or
-- more goals cost more than twice the upper bound of its estimate, and twenty goals without any rating; each within the
-- last 30 days.
create function goalpost_private.evidence_of_findings(p_workspace_id uuid, p_now timestamptz) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  with recent as materialized (
    select r.id, r.goal_id, r.parent_goal_id, r.state from goalpost.workflow_runs r
     where r.workspace_id = p_workspace_id and r.created_at > p_now - interval '30 days' order by r.id desc limit 5000
  ),
  found (subject, title, evidence) as (
    select 'tool ' || c.tool, format('%s fails often: %s of %s calls', c.tool, count(*) filter (where c.state = 'failed'), count(*)),
           jsonb_build_object('calls', count(*), 'failed', count(*) filter (where c.state = 'failed'),
                              'runs', (array_agg(distinct c.run_id) filter (where c.state = 'failed'))[:20])
      from recent r join goalpost.tool_calls c on c.run_id = r.id
     where c.state in ('done', 'failed')
     group by c.tool
    having count(*) >= 10 and count(*) filter (where c.state = 'failed') >= 0.3 * count(*)
    union all
    select 'error ' || e.code, format('%s steps failed for good with %s', count(*), e.code),
           jsonb_build_object('steps', count(*), 'runs', (array_agg(distinct s.run_id))[:20])
      from recent r join goalpost.steps s on s.run_id = r.id
     cross join lateral (select left(s.error ->> 'code', 100) as code) e
     where s.state = 'failed' and e.code is not null
     group by e.code
    having count(*) >= 3
    union all
    select 'time-outs ' || s.kind, format('%s attempts of %s steps took longer than they may', count(*), s.kind),
           jsonb_build_object('attempts', count(*), 'runs', (array_agg(distinct s.run_id))[:20])
      from recent r
      join goalpost.step_attempts a on a.run_id = r.id and a.outcome = 'timed_out'
      join goalpost.steps s on s.run_id = a.run_id and s.key = a.step_key
     group by s.kind
    having count(*) >= 3
    union all
    select 'estimate ' || e.goal_type, format('%s of %s goals of the type %s cost more than twice their estimate', count(*) filter (where e.is_far), count(*), e.goal_type),
           jsonb_build_object('goals', count(*), 'above', count(*) filter (where e.is_far))
      from (select a.goal_type, a.cost_microusd > 2 * a.most_microusd as is_far
              from recent r join goalpost.estimate_accuracy a on a.workspace_id = p_workspace_id and a.goal_id = r.goal_id) e
     group by e.goal_type
    having count(*) >= 5 and 2 * count(*) filter (where e.is_far) >= count(*)
    union all
    select 'ratings', format('%s goals ended and none was rated', count(*)), jsonb_build_object('goals', count(*))
      from recent r
     where r.goal_id is not null and r.parent_goal_id is null and r.state in ('completed', 'failed')
       and not exists (select from goalpost.feedback f where f.workspace_id = p_workspace_id)
    having count(*) >= 20
  )
  select coalesce(jsonb_agg(to_jsonb(f) order by f.subject), '[]') from found f);
end
$$;

-- Returns the evidence for a step of kind `analyze` (see the functions above), at most about 8 MB: older runs are left
-- out. `reverted` are the runs behind runbooks that were taken back, and when. `known` are the fingerprints of improvements that are pending, in effect, or rejected within
-- 90 days.
-- Called by the analyzer. Reads only. Raises ZG009 (lease lost).
create function goalpost_worker.read_evidence(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_workspace goalpost.workspaces;
begin
  select * into v_workspace from goalpost.workspaces w where w.id = v_step.workspace_id;
  return jsonb_build_object(
    'runs', (select coalesce(jsonb_agg(f.run), '[]')
               from (select e.run, sum(octet_length(e.run::text)) over (order by e.id desc) as bytes
                       from (select r.id, goalpost_private.evidence_of_run(r, v_workspace.time_zone) as run
                               from goalpost_private.runs_to_learn_from(v_workspace.id, v_now, 100) r) e) f
              where f.bytes <= 8388608),
    'tables', (select coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname)), '[]')
                 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where n.nspname = any (v_workspace.readable_schemas) and c.relkind in ('r', 'p', 'v', 'm', 'f')),
    'decisions', goalpost_private.evidence_of_decisions(v_workspace.id, v_now),
    'corrections', goalpost_private.evidence_of_corrections(v_workspace.id, v_now),
    'failures', goalpost_private.evidence_of_failures(v_workspace.id, v_now),
    'ratings', goalpost_private.evidence_of_ratings(v_workspace.id, v_now),
    'trials', goalpost_private.evidence_of_trials(v_workspace.id, v_now),
    'agents', goalpost_private.evidence_of_agents(v_workspace.id, v_now),
    'findings', goalpost_private.evidence_of_findings(v_workspace.id, v_now),
    'reverted', (select coalesce(jsonb_agg(jsonb_build_object('runs', i.evidence -> 'runs', 'at', extract(epoch from i.changed_at)) order by i.id), '[]')
                   from goalpost.improvements i
                  where i.workspace_id = v_workspace.id and i.kind = 'runbook' and i.state = 'reverted'),
    'known', (select coalesce(jsonb_agg(distinct i.fingerprint), '[]') from goalpost.improvements i
               where i.workspace_id = v_workspace.id and i.state <> 'reverted'
                 and not (i.state = 'rejected' and i.changed_at < v_now - interval '90 days')));
end
$$;

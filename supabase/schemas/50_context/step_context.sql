-- The contexts of assessments, plans and judgements (step_context).

-- Describes how the steps of a run ended, for a judge or for planning again. If not all results fit, those of the
-- newest revision are included, and of them the smallest.
create function goalpost_private.describe_steps(p_run_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'key', s.key, 'kind', s.kind, 'title', s.title, 'state', s.state,
           'result', goalpost_private.fitting_result(s.result, s.bytes_so_far), 'error', s.error)
           order by s.revision, s.ended_at, s.key), '[]')
    from (
      select *, coalesce(sum(octet_length(result::text))
                  over (order by revision desc, octet_length(result::text), key), 0) as bytes_so_far
        from goalpost.steps
       where run_id = p_run_id and kind not in ('assess', 'plan', 'judge')) s
$$;

-- Returns the calls of a step that its judge or planner needs beside the result: those of an agent, each with the
-- beginning of its result, and those that write outside or whose arguments a person changed.
create function goalpost_private.relevant_calls(p_step goalpost.steps) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(
             jsonb_build_object('tool', c.tool, 'arguments', c.arguments, 'state', c.state)
               || case when c.proposed_arguments is not null then '{"was_edited": true}' else '{}'::jsonb end
               || case when c.tool = 'ask_human' and c.result is not null then jsonb_build_object('answer', c.result) else '{}' end
               || case when c.tool <> 'ask_human' and c.result is not null and c.number <= 20
                       then jsonb_build_object('result', left(c.result::text, 1500)) else '{}' end
               || case when c.error is not null then jsonb_build_object('error', c.error -> 'message') else '{}' end
             order by c.number)
      from goalpost.tool_calls c
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.state in ('done', 'unknown', 'denied')
       and c.tool not in ('submit_result', 'remember', 'recall')
       -- The result of a tool's step already contains what it read.
       and (p_step.kind = 'agent' or c.proposed_arguments is not null
            or exists (select from goalpost_private.tools_of(p_step.workspace_id) t where t.name = c.tool and t.writes)));
end
$$;

-- Describes how the steps of a run ended, each with its relevant calls (relevant_calls).
create function goalpost_private.describe_work(p_run_id bigint) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(d.described || case when c.calls is null then '{}' else jsonb_build_object('calls', c.calls) end
                              order by d.number), '[]')
      from jsonb_array_elements(goalpost_private.describe_steps(p_run_id)) with ordinality d (described, number)
      join goalpost.steps s on s.run_id = p_run_id and s.key = d.described ->> 'key'
     cross join lateral (select case when s.kind in ('agent', 'tool') then goalpost_private.relevant_calls(s) end as calls) c);
end
$$;

-- Describes the steps for another plan: like describe_work, with each step's input.
create function goalpost_private.describe_steps_for_plan(p_run_id bigint) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(d.described || jsonb_build_object('input', s.input, 'depends_on', s.depends_on) order by d.number), '[]')
      from jsonb_array_elements(goalpost_private.describe_work(p_run_id)) with ordinality d (described, number)
      join goalpost.steps s on s.run_id = p_run_id and s.key = d.described ->> 'key');
end
$$;

-- Returns the smallest remaining amount of a run's caps, in micro-dollars.
create function goalpost_private.money_left(p_run_id bigint) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select min(b.cap_microusd - b.spent_microusd - b.reserved_microusd)
      from goalpost_private.budgets_of(p_run_id, goalpost_private.clock()) o
      join goalpost.budgets b using (workspace_id, scope, key));
end
$$;

-- Returns the context of an assessment: the request's context, matching runbooks, tools and readable tables. With
-- "question_space", the space of the question's vector, if an earlier attempt has computed it.
create function goalpost_private.context_to_assess(p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'context', q.context,
           'runbooks', goalpost_private.candidates_of_request(q.id),
           'question_space', e.space,
           'runbook_names', (select coalesce(jsonb_agg(n.name order by n.name), '[]')
                               from (select distinct r.name from goalpost.runbooks r
                                      where (r.workspace_id = q.workspace_id or r.workspace_id is null) and r.state = 'active'
                                      order by r.name limit 10) n),
           'tools', goalpost_private.describe_tools(q.workspace_id, null))
         || goalpost_private.readable_tables(q.workspace_id, q.question)
    from goalpost.requests q
    left join goalpost_private.request_embeddings e on e.workspace_id = q.workspace_id and e.request_id = q.id
   where q.id = p_run.request_id
$$;

-- Returns the position of a sub-goal: {"goals_above": titles from the first}; {} for a root goal.
create function goalpost_private.place_of_goal(p_goal_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  with recursive above (title, parent_goal_id, distance) as (
    select p.title, p.parent_goal_id, 1
      from goalpost.goals g join goalpost.goals p on p.id = g.parent_goal_id where g.id = p_goal_id
    union all
    select p.title, p.parent_goal_id, a.distance + 1 from above a join goalpost.goals p on p.id = a.parent_goal_id
  )
  select case when count(*) > 0 then jsonb_build_object('goals_above', jsonb_agg(a.title order by a.distance desc)) else '{}' end
    from above a
$$;

-- Returns the context of a plan: matching runbooks, agents, tools, limits and readable tables, and, for another plan,
-- the previous steps with the reason and the remaining plans and money.
create function goalpost_private.context_to_plan(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'runbooks', (select coalesce(jsonb_agg(to_jsonb(m) order by m.score desc), '[]')
                          from goalpost_private.match_runbooks_of_run(p_run) m),
           'agents', (select coalesce(jsonb_agg(jsonb_build_object('name', a.name, 'role', a.role, 'tools', a.tools)), '[]')
                        from goalpost_private.agents_of(p_run) a),
           'tools', goalpost_private.describe_tools(p_run.workspace_id, null),
           'limits', (select to_jsonb(l) - 'only_row' from goalpost_private.limits l),
           'taken_keys', (select coalesce(jsonb_agg(s.key), '[]') from goalpost.steps s where s.run_id = p_run.id),
           'completed_keys', to_jsonb(goalpost_private.completed_keys(p_run.id)),
           'revision', p_run.revision + 1,
           'previous', case when p_run.revision > 0 or p_step.input ? 'reason' then jsonb_build_object(
             'reason', p_step.input -> 'reason',
             'verdicts', (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                   'criterion', c.description, 'verdict', c.verdict, 'evidence', c.evidence,
                                   'step', c.evidence_step, 'decided_by', c.decided_by)) order by c.number), '[]')
                            from goalpost.goal_criteria c where c.goal_id = p_run.goal_id),
             'rejected_plan', (select a.subject -> 'plan' from goalpost.approvals a
                                where a.run_id = p_run.id and a.step_key = p_step.key and a.kind = 'plan' and a.state = 'rejected'
                                order by a.id desc limit 1),
             'plans_left_after_this', (select greatest(l.max_revisions - p_run.revision, 0) from goalpost_private.limits l),
             'money_left_microusd', goalpost_private.money_left(p_run.id),
             'steps', goalpost_private.describe_steps_for_plan(p_run.id)) end)
         || goalpost_private.place_of_goal(p_run.goal_id)
         || goalpost_private.readable_tables(
              p_run.workspace_id,
              (select concat_ws(' ', g.title, g.description, case when p_run.parent_goal_id is null then q.question end)
                 from goalpost.requests q left join goalpost.goals g on g.id = p_run.goal_id
                where q.id = p_run.request_id))
$$;

-- Returns the context of a judgement: the criteria, the verdicts that people have given, the ended steps, the report's
-- template and the usage so far.
create function goalpost_private.context_to_judge(p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'criteria', goalpost_private.describe_goal(p_run.goal_id) -> 'criteria',
           'given', (select coalesce(jsonb_agg(jsonb_build_object(
                              'number', c.number, 'verdict', c.verdict, 'evidence', coalesce(c.evidence, ''), 'decided_by', c.decided_by)), '[]')
                       from goalpost.goal_criteria c where c.goal_id = p_run.goal_id and c.decided_by = 'person'),
           'failure', p_run.failure,
           'steps', goalpost_private.describe_work(p_run.id),
           'report', p_run.report,
           'revision', p_run.revision,
           'max_revisions', (select l.max_revisions from goalpost_private.limits l),
           'usage', (select jsonb_build_object(
                              'calls', count(*),
                              'input_tokens', coalesce(sum(u.input_tokens), 0),
                              'output_tokens', coalesce(sum(u.output_tokens), 0),
                              'cost_microusd', coalesce(sum(u.cost_microusd), 0))
                       from goalpost.usage_events u
                      where u.workspace_id = p_run.workspace_id and u.goal_id = p_run.goal_id))
$$;

-- Returns the part of the context that is specific to an assessment, a plan or a judgement (context_of_run has the
-- rest).
create function goalpost_private.step_context(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select case p_step.kind
    when 'assess' then goalpost_private.context_to_assess(p_run) || goalpost_private.context_of_memory(p_run.workspace_id)
    when 'plan' then goalpost_private.context_to_plan(p_step, p_run) || goalpost_private.context_of_memory(p_run.workspace_id)
    when 'judge' then goalpost_private.context_to_judge(p_run)
  end
$$;

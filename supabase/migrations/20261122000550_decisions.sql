-- What the ends of special steps mean: an assessment, a plan, a judgement, a sub-goal, an approval that is asked for.
-- Their results come from models and are untrusted: everything is checked before anything is written.

-- Inserts one step of the engine's own (assess, plan): it waits for nothing.
create function goalpost_private.add_own_step(
  p_run goalpost.workflow_runs, p_key text, p_kind text, p_title text, p_input jsonb
) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.steps (run_id, key, workspace_id, kind, title, revision, input, priority)
  values (p_run.id, p_key, p_run.workspace_id, p_kind, p_title, p_run.revision, p_input, p_run.priority);
$$;

-- Inserts the steps of a checked plan into runs of one workspace, and, where p_judge_key is given, the judge that waits
-- for all their ends. The step p_ends_run_key, if any, ends the run. What functions can begin with is ready at once;
-- first steps of other kinds, or with a condition, are left pending to open_first_steps.
create function goalpost_private.add_plan_steps(
  p_runs goalpost.workflow_runs[], p_plan jsonb, p_ends_run_key text, p_judge_key text, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
-- The engine's calls look rows up one by one; a plan is joined with itself.
set plan_cache_mode = auto set enable_hashjoin = on set enable_mergejoin = on
as $$
declare
  v_functions text[];
begin
  with given as materialized (
    select s.number, s.key, s.step, array(select distinct d from jsonb_array_elements_text(s.depends_on) d) as depends_on
      from goalpost_private.plan_steps(p_plan) s
  ),
  edge as materialized (
    select d.key as from_key, array_agg(g.key order by g.number) as to_keys
      from given g cross join lateral unnest(g.depends_on) d (key)
     group by d.key
  ),
  node as materialized (
    select g.number, g.key, g.step ->> 'kind' as kind,
           left(case when jsonb_typeof(g.step -> 'title') = 'string' then coalesce(nullif(g.step ->> 'title', ''), g.key)
                     else g.key end, 300) as title,
           a.id as agent_id, g.step -> 'input' as input, nullif(g.step -> 'condition', 'null') as condition,
           coalesce(g.step ->> 'on_failure', 'fail') as on_failure,
           coalesce((g.step ->> 'max_attempts')::numeric::integer, 3) as max_attempts,
           coalesce((g.step ->> 'timeout_seconds')::numeric::integer, 300) as timeout_seconds,
           g.key = p_ends_run_key is true as ends_run, g.depends_on,
           coalesce(e.to_keys, case when p_judge_key is null then '{}' else array[p_judge_key] end) as dependents
      from given g
      left join edge e on e.from_key = g.key
      left join goalpost_private.agents_of((p_runs[1]).workspace_id) a on a.name = g.step ->> 'agent'
    union all
    select 1 + count(*), p_judge_key, 'judge', 'Judge the result', null, '{}', null, 'fail', 3, 300, false,
           coalesce(array_agg(g.key order by g.key) filter (where not exists (select from edge e where e.from_key = g.key)), '{}'),
           '{}'
      from given g having p_judge_key is not null
  ),
  added as (
    insert into goalpost.steps
      (run_id, key, workspace_id, kind, title, revision, agent_id, input, condition, on_failure, max_attempts,
       timeout_seconds, priority, ends_run, depends_on, dependents, remaining_dependencies, state, run_after)
    select r.id, n.key, r.workspace_id, n.kind, n.title, r.revision, n.agent_id, n.input, n.condition, n.on_failure,
           n.max_attempts, n.timeout_seconds, r.priority, n.ends_run, n.depends_on, n.dependents, cardinality(n.depends_on),
           case when w.is_ready then 'ready' else 'pending' end, case when w.is_ready then p_now end
      from unnest(p_runs) r
     cross join node n
     cross join lateral (
       select n.depends_on = '{}' and n.condition is null and n.kind in ('agent', 'tool') as is_ready) w
     order by r.id, n.number
    returning kind, state
  )
  select coalesce(array_agg(goalpost_private.function_of(a.kind)), '{}') into v_functions from added a where a.state = 'ready';
  return v_functions;
end
$$;

-- Opens what add_plan_steps left pending although it waits for nothing: approvals, sub-goals, steps with a condition.
create function goalpost_private.open_first_steps(p_run goalpost.workflow_runs, p_now timestamptz) returns text[]
language sql
set search_path = ''
as $$
  select goalpost_private.ready_steps(
    p_run.id,
    array(select key from goalpost.steps
           where run_id = p_run.id and revision = p_run.revision and state = 'pending' and remaining_dependencies = 0),
    p_now)
$$;

-- Opens a goal and its run, with planning ready. p_parent is the waiting sub-goal step, or null at the root.
create function goalpost_private.open_goal(
  p_run goalpost.workflow_runs, p_parent goalpost.steps, p_goal jsonb, p_context jsonb, p_now timestamptz
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_goal_id bigint := nextval('goalpost.goals_id_seq');
  v_parent_goal goalpost.goals;
  v_run goalpost.workflow_runs;
begin
  if p_parent.run_id is not null then
    select * into v_parent_goal from goalpost.goals where id = p_run.goal_id;
  end if;

  insert into goalpost.goals
    (id, workspace_id, user_id, request_id, parent_goal_id, root_goal_id, parent_run_id, parent_step_key, depth,
     title, description, goal_type, context, created_at)
  values
    (v_goal_id, p_run.workspace_id, p_run.user_id, p_run.request_id, v_parent_goal.id,
     coalesce(v_parent_goal.root_goal_id, v_goal_id), p_parent.run_id, p_parent.key,
     coalesce(v_parent_goal.depth + 1, 0),
     left(p_goal ->> 'title', 300), left(p_goal ->> 'description', 16000),
     left(coalesce(nullif(p_goal ->> 'goal_type', ''), 'general'), 100), p_context, p_now);

  insert into goalpost.workflow_runs
    (workspace_id, user_id, workflow_type, request_id, goal_id, parent_goal_id, root_run_id, priority,
     deadline_at, created_at)
  values
    (p_run.workspace_id, p_run.user_id, 'goal', p_run.request_id, v_goal_id, v_parent_goal.id, p_run.root_run_id,
     p_run.priority, p_run.deadline_at, p_now)
  returning * into v_run;
  perform goalpost_private.add_own_step(v_run, 'plan', 'plan', 'Plan the goal', '{}');
  perform goalpost_private.append_event(v_run.id, null, 'goal.opened', null, p_now);
  perform goalpost_private.ready_steps(v_run.id, array['plan'], p_now);
  return v_goal_id;
end
$$;

-- A sub-goal's turn: pending -> waiting, and a goal of its own; over the caps it fails. Returns functions to wake.
create function goalpost_private.open_subgoal(p_step goalpost.steps, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_depth integer;
  v_limits goalpost_private.limits := (select l from goalpost_private.limits l);
begin
  update goalpost.steps set state = 'waiting' where run_id = p_step.run_id and key = p_step.key;
  p_step.state := 'waiting';
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  select g.depth into v_depth from goalpost.goals g where g.id = v_run.goal_id;

  if v_run.goal_id is null
     or v_depth + 1 > v_limits.max_goal_depth
     or (select count(*) from goalpost.goals g
          where g.workspace_id = v_run.workspace_id and g.request_id = v_run.request_id) >= v_limits.max_goals_per_request
  then
    return goalpost_private.fail_step(
      p_step,
      jsonb_build_object('code', 'too_many_goals', 'retryable', false, 'message', format(
        'sub-goals go at most %s deep, and one request has at most %s goals',
        v_limits.max_goal_depth, v_limits.max_goals_per_request)),
      'failed', p_now);
  end if;

  perform goalpost_private.open_goal(
    v_run, p_step, p_step.input, goalpost_private.dependency_results(p_step.run_id, p_step.depends_on), p_now);
  return array['planner'];
end
$$;

-- An approval's turn: pending -> waiting, and a decision that a person owes, with what they need to decide.
create function goalpost_private.open_approval(p_step goalpost.steps, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.steps set state = 'waiting' where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.ask_person(
    p_step, 'step', null, p_step.input ->> 'question',
    goalpost_private.dependency_results(p_step.run_id, p_step.depends_on), p_now,
    jsonb_build_object(
      'required_role', p_step.input -> 'required_role', 'on_reject', p_step.input -> 'on_reject',
      'expires_in_seconds', p_step.input -> 'expires_after_seconds', 'quorum', p_step.input -> 'quorum',
      'requester_may_decide', p_step.input -> 'requester_may_decide',
      'escalates_in_seconds', p_step.input -> 'escalates_after_seconds', 'escalates_to', p_step.input -> 'escalates_to'));
end
$$;

-- An assessment: answer now, a few steps, or a goal. A message says why it was refused.
create function goalpost_private.apply_assessment(
  p_step goalpost.steps, p_result jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_problems jsonb;
  v_goal_id bigint;
  v_last_key text;
begin
  functions := '{}';
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;

  case p_result ->> 'decision'
    when 'answer' then
      if nullif(p_result ->> 'text', '') is null then
        message := 'an answer needs its text';
        return;
      end if;
    when 'steps' then
      v_problems := goalpost_private.check_plan_of_run(p_result, v_run);
      if v_problems <> '[]' then
        message := left(v_problems::text, 16000);
        return;
      end if;
      v_last_key := p_result -> 'steps' -> -1 ->> 'key';
    when 'goal' then
      if nullif(p_result -> 'goal' ->> 'title', '') is null
         or nullif(p_result -> 'goal' ->> 'description', '') is null then
        message := 'a goal needs a title and a description';
        return;
      end if;
    else
      message := 'the decision must be answer, steps or goal';
      return;
  end case;

  update goalpost.requests
     set complexity_score = case when jsonb_typeof(p_result -> 'score') = 'number'
                                 then (p_result ->> 'score')::numeric end,
         complexity_reasons = p_result -> 'reasons'
   where id = v_run.request_id;

  if p_result ->> 'decision' = 'steps' then
    perform goalpost_private.complete_step(p_step, p_result - 'steps', p_now);
    update goalpost.workflow_runs set revision = 1 where id = v_run.id returning * into v_run;
    functions := goalpost_private.add_plan_steps(array[v_run], p_result, v_last_key, null, p_now);
    functions := functions || goalpost_private.open_first_steps(v_run, p_now);
    return;
  end if;

  perform goalpost_private.complete_step(p_step, p_result, p_now);
  if p_result ->> 'decision' = 'answer' then
    functions := goalpost_private.end_run(v_run.id, 'completed', null, p_result, p_result ->> 'text', p_now);
    return;
  end if;
  v_goal_id := goalpost_private.open_goal(
    v_run, null, p_result -> 'goal', (select q.context from goalpost.requests q where q.id = v_run.request_id), p_now);
  update goalpost.requests set goal_id = v_goal_id where id = v_run.request_id;
  functions := goalpost_private.end_run(
    v_run.id, 'completed', null, jsonb_build_object('goal_id', v_goal_id), null, p_now) || array['planner'];
end
$$;

-- Why a runbook may not be used by this person; null when it may.
create function goalpost_private.runbook_refusal(p_runbook goalpost.runbooks, p_user_id uuid) returns text
language sql stable
set search_path = ''
as $$
  select case
    when p_runbook.requires_project_admin
         and not exists (select from goalpost.project_admins a where a.user_id = p_user_id)
      then format('the runbook %s looks at the whole project and needs a project admin; ask one to add you to goalpost.project_admins',
                  p_runbook.name)
  end
$$;

-- A plan: accepted whole, in this transaction, or refused with its problems. Where a person has to see it first, the
-- step waits with the plan as an approval's subject: running -> waiting.
create function goalpost_private.apply_plan(
  p_step goalpost.steps, p_result jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_estimate jsonb;
  v_options jsonb;
begin
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  v_estimate := goalpost_private.estimate_plan(v_run, p_result);
  v_options := goalpost_private.plan_approval_options(v_run, v_estimate);
  if v_options is null then
    select e.message, e.functions into message, functions
      from goalpost_private.put_plan_in_effect(p_step, p_result, v_estimate, p_now) e;
    return;
  end if;
  functions := '{}';
  message := (goalpost_private.check_planned(v_run, p_result)).message;
  if message is not null then
    return;
  end if;
  update goalpost.steps
     set state = 'waiting', lease_expires_at = null, run_after = null, started_at = null
   where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.ask_person(
    p_step, 'plan', null, format('May this plan be carried out? %s', left(p_result -> 'plan' ->> 'summary', 3000)),
    jsonb_build_object('plan', p_result -> 'plan', 'estimate', v_estimate), p_now,
    v_options || jsonb_build_object('subject', p_result));
end
$$;

-- Whether a planner's result can be put in effect: its plan breaks no rule, and its runbook may be used by who asked.
create function goalpost_private.check_planned(
  p_run goalpost.workflow_runs, p_result jsonb, out runbook goalpost.runbooks, out message text
)
language plpgsql stable
set search_path = ''
as $$
declare
  v_problems constant jsonb := goalpost_private.check_plan_of_run(p_result -> 'plan', p_run);
begin
  if v_problems <> '[]' then
    message := left(v_problems::text, 16000);
    return;
  end if;
  if jsonb_typeof(p_result -> 'runbook_id') = 'number' then
    select * into runbook from goalpost.runbooks b
     where b.id = (p_result ->> 'runbook_id')::numeric
       and (b.workspace_id is null or b.workspace_id = p_run.workspace_id);
    message := case when runbook.id is null then 'there is no such runbook'
                    else goalpost_private.runbook_refusal(runbook, p_run.user_id) end;
  end if;
end
$$;

-- Puts a plan in effect: its steps, the judge that waits for all their ends, the criteria (from the first plan), and
-- the revision that is kept, with what it was estimated to cost. running | waiting -> completed. Checked once more:
-- since it was made, an agent may have gone, or a person may have edited it.
create function goalpost_private.put_plan_in_effect(
  p_step goalpost.steps, p_result jsonb, p_estimate jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_checked record;
  v_runbook goalpost.runbooks;
  v_plan constant jsonb := p_result -> 'plan';
begin
  functions := '{}';
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  v_checked := goalpost_private.check_planned(v_run, p_result);
  message := v_checked.message;
  if message is not null then
    return;
  end if;
  v_runbook := v_checked.runbook;

  update goalpost.workflow_runs
     set revision = revision + 1, runbook_id = v_runbook.id,
         report = case jsonb_typeof(v_plan -> 'report') when 'object' then v_plan -> 'report' end,
         parameters = case jsonb_typeof(p_result -> 'parameters') when 'object' then p_result -> 'parameters' else parameters end
   where id = v_run.id
  returning * into v_run;
  insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, runbook_id, matches, reasons, estimate, created_at)
  values (v_run.id, v_run.revision, v_run.workspace_id, v_plan, v_runbook.id,
          coalesce((select jsonb_agg(to_jsonb(m) - 'plan')
                      from goalpost_private.match_runbooks_of_run(v_run) m), '[]'),
          coalesce(p_result -> 'reasons', '[]'), p_estimate, p_now);
  perform goalpost_private.add_criteria(v_run, v_plan);
  functions := goalpost_private.add_plan_steps(
    array[v_run], v_plan, null, case v_run.revision when 1 then 'judge' else 'judge_' || v_run.revision end, p_now);

  perform goalpost_private.complete_step(
    p_step,
    jsonb_build_object('revision', v_run.revision, 'runbook', v_runbook.name, 'runbook_version', v_runbook.version,
                       'step_count', jsonb_array_length(v_plan -> 'steps'), 'summary', v_plan -> 'summary',
                       'reasons', p_result -> 'reasons'),
    p_now);
  functions := functions || goalpost_private.open_first_steps(v_run, p_now);
end
$$;

-- The criteria of a goal come with its first plan and stay.
create function goalpost_private.add_criteria(p_run goalpost.workflow_runs, p_plan jsonb) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.goal_criteria (goal_id, number, workspace_id, description, check_expression)
  select p_run.goal_id, row_number() over (order by c.number), p_run.workspace_id, left(d.description, 2000),
         case when jsonb_typeof(c.value) = 'object' and jsonb_typeof(c.value -> 'check') = 'string'
              then nullif(c.value ->> 'check', '') end
    from jsonb_array_elements(case jsonb_typeof(p_plan -> 'criteria') when 'array' then p_plan -> 'criteria' else '[]' end)
         with ordinality c (value, number)
   cross join lateral (
     select case jsonb_typeof(c.value)
              when 'string' then c.value #>> '{}'
              when 'object' then case when jsonb_typeof(c.value -> 'description') = 'string'
                                      then c.value ->> 'description' end
            end as description) d
   where d.description <> '' and c.number <= 50
     and not exists (select from goalpost.goal_criteria x where x.goal_id = p_run.goal_id)
$$;

-- The verdicts of a judgement that can be read: a criterion's number, and one of the three words.
create function goalpost_private.readable_verdicts(p_result jsonb)
returns table (number integer, verdict text, evidence text)
language sql immutable
set search_path = ''
as $$
  select goalpost_private.bounded_integer(v -> 'number', null, 1, 1000), v ->> 'verdict', left(v ->> 'evidence', 4000)
    from jsonb_array_elements(case jsonb_typeof(p_result -> 'verdicts') when 'array' then p_result -> 'verdicts' else '[]' end) v
   where jsonb_typeof(v -> 'number') = 'number' and goalpost_private.is_absent_or_whole(v -> 'number', 1, 1000)
     and v ->> 'verdict' in ('met', 'unmet', 'unknown')
$$;

-- A judgement: verdicts, the report, and whether the goal is reached. Unmet criteria cause a new plan, at most
-- max_revisions times; then the goal fails with the best that there is.
create function goalpost_private.apply_judgement(
  p_step goalpost.steps, p_result jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_limits goalpost_private.limits := (select l from goalpost_private.limits l);
  v_decision text := p_result ->> 'decision';
  v_key text;
begin
  functions := '{}';
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  if v_decision is null or v_decision not in ('complete', 'replan', 'fail') then
    message := 'the decision must be complete, replan or fail';
    return;
  end if;
  if v_decision = 'complete' and exists (
    select from goalpost.goal_criteria c
     where c.goal_id = v_run.goal_id
       and not exists (select from goalpost_private.readable_verdicts(p_result) v where v.number = c.number))
  then
    message := 'every criterion needs a verdict';
    return;
  end if;
  if v_decision = 'complete'
     and exists (select from goalpost_private.readable_verdicts(p_result) v where v.verdict = 'unmet') then
    message := 'a goal with an unmet criterion is not complete';
    return;
  end if;

  update goalpost.goal_criteria c
     set verdict = v.verdict, evidence = v.evidence, judged_at = p_now
    from goalpost_private.readable_verdicts(p_result) v
   where c.goal_id = v_run.goal_id and c.number = v.number;
  perform goalpost_private.complete_step(p_step, p_result, p_now);

  if v_decision = 'replan' and v_run.revision <= v_limits.max_revisions then
    -- Kept in case that no later plan comes to anything better.
    update goalpost.goals set result = p_result -> 'result', report = p_result ->> 'report' where id = v_run.goal_id;
    v_key := 'plan_' || v_run.revision + 1;
    perform goalpost_private.add_own_step(
      v_run, v_key, 'plan', 'Plan again', jsonb_build_object('reason', p_result -> 'reason'));
    functions := goalpost_private.ready_steps(v_run.id, array[v_key], p_now);
    return;
  end if;

  functions := goalpost_private.end_run(
    v_run.id,
    case v_decision when 'complete' then 'completed' else 'failed' end,
    case v_decision when 'complete' then null
                    else coalesce(nullif(p_result ->> 'reason', ''), 'its criteria were not met') end,
    p_result -> 'result', p_result ->> 'report', p_now);
end
$$;

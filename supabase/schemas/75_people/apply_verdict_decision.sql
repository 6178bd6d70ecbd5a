-- Returns the unknown verdicts of a goal, each with the question to the person who decides it and the role that decides
-- (null: the requester). The check of a criterion may name both.
create function goalpost_private.unknown_verdicts(p_goal_id bigint)
returns table (number integer, description text, evidence text, is_for_person boolean, question text, required_role text)
language sql stable
set search_path = ''
as $$
  select c.number, c.description, c.evidence, p.person is not null,
         coalesce(case jsonb_typeof(p.person) when 'string' then p.person #>> '{}' else p.person ->> 'question' end, c.description),
         p.person ->> 'required_role'
    from goalpost.goal_criteria c
   cross join lateral (
     select case jsonb_typeof(c.check_definition) when 'object' then nullif(c.check_definition -> 'person', 'null') end as person) p
   where c.goal_id = p_goal_id and c.verdict = 'unknown'
$$;

-- Applies unknown verdicts at the end of a judgement: the judge's step waits for people (running -> waiting), with one
-- approval of kind verdict for the requester and one for each role that a check names. Or the run fails with its report,
-- where the workspace's on_unknown is `fail` and not all of these verdicts are a person's by their checks. Called by
-- apply_judgement. Expects the tree's lock. Returns the functions to wake.
create function goalpost_private.apply_unknown_verdicts(
  p_step goalpost.steps, p_run goalpost.workflow_runs, p_result jsonb, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_names text;
begin
  select string_agg(u.description, '; ' order by u.number) into v_names
    from goalpost_private.unknown_verdicts(p_run.goal_id) u where not u.is_for_person;
  if v_names is not null
     and (select w.on_unknown from goalpost.workspaces w where w.id = p_run.workspace_id) = 'fail'
  then
    perform goalpost_private.complete_step(p_step, p_result, p_now);
    return goalpost_private.end_run(
      p_run.id, 'failed', format('not known whether this is met: %s', left(v_names, 2000)),
      p_result -> 'result', p_result ->> 'report', p_now);
  end if;
  update goalpost.goals set result = p_result -> 'result', report = p_result ->> 'report' where id = p_run.goal_id;
  -- The judgement was the outcome of the worker's attempt, so the attempt ends here; the rest is up to the person.
  insert into goalpost.step_attempts (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at)
  values (p_step.run_id, p_step.key, p_step.attempt, p_step.workspace_id, 'completed', p_step.leased_by, p_step.started_at, p_now);
  update goalpost.steps
     set state = 'waiting', lease_expires_at = null, run_after = null, started_at = null
   where run_id = p_step.run_id and key = p_step.key;
  perform goalpost_private.ask_for_verdicts(p_step, p_run.goal_id, p_result ->> 'report', p_now);
  return '{}';
end
$$;

-- Opens an approval for each person or role that has to decide unknown verdicts.
create function goalpost_private.ask_for_verdicts(
  p_step goalpost.steps, p_goal_id bigint, p_report text, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform goalpost_private.ask_person(
           p_step, 'verdict', null,
           case when bool_and(u.is_for_person) then '' else 'Is this met? ' end
             || left(string_agg(u.question, '; ' order by u.number), 3000),
           jsonb_build_object('report', left(p_report, 100000), 'criteria', jsonb_agg(
             jsonb_build_object('number', u.number, 'description', u.description, 'evidence', u.evidence) order by u.number)),
           p_now,
           jsonb_build_object('required_role', coalesce(u.required_role, 'member'),
                              'requester', case when u.required_role is null then 'decides' end,
                              'subject', jsonb_build_object('verdicts', jsonb_agg(
                                jsonb_build_object('number', u.number, 'verdict', 'met') order by u.number))))
    from goalpost_private.unknown_verdicts(p_goal_id) u
   group by u.required_role
   order by u.required_role nulls first;
end
$$;

-- Applies a person's verdicts. Approved: the verdicts of the subject (or its edit) hold. Rejected: all of them are
-- unmet, with the comment as evidence. While others have to decide, the step goes on waiting. Then, if all criteria are
-- met, the goal is completed with its report; unmet ones cause a new plan, within the cap. Expired: the goal fails with
-- its report. The judge's step ends in these cases: waiting -> completed | failed.
create function goalpost_private.apply_verdict_decision(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_verdicts constant jsonb := coalesce(p_approval.edited, p_approval.subject) -> 'verdicts';
  v_run goalpost.workflow_runs;
  v_goal goalpost.goals;
  v_unmet text;
begin
  if p_approval.state not in ('approved', 'rejected') then
    return goalpost_private.fail_step(p_step, goalpost_private.refusal_of(p_approval, false), 'failed', p_now);
  end if;
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  -- An edit may not decide what this person was not asked about.
  update goalpost.goal_criteria c
     set verdict = case p_approval.state when 'approved' then v ->> 'verdict' else 'unmet' end, judged_at = p_now,
         decided_by = 'person', evidence_step = null,
         evidence = left(concat_ws(': ', 'decided by a person', nullif(p_approval.comment, '')), 4000)
    from jsonb_array_elements(v_verdicts) v
    join jsonb_array_elements(p_approval.subject -> 'verdicts') s on s -> 'number' = v -> 'number'
   where c.goal_id = v_run.goal_id and c.number = (s ->> 'number')::integer and c.verdict = 'unknown';
  if exists (select from goalpost.approvals a
              where a.run_id = p_step.run_id and a.step_key = p_step.key and a.kind = 'verdict' and a.state = 'pending') then
    return '{}';
  end if;
  select * into v_goal from goalpost.goals where id = v_run.goal_id;
  select string_agg(c.description, '; ' order by c.number) into v_unmet
    from goalpost.goal_criteria c where c.goal_id = v_goal.id and c.verdict <> 'met';
  perform goalpost_private.complete_step(
    p_step, jsonb_build_object('decided_by', p_approval.decided_by, 'comment', p_approval.comment), p_now);
  if v_unmet is null then
    return goalpost_private.end_run(v_run.id, 'completed', null, v_goal.result, v_goal.report, p_now);
  end if;
  return goalpost_private.plan_again(
    v_run, jsonb_build_object('reason', concat_ws('. ', 'not met: ' || left(v_unmet, 2000), (
      select left(string_agg(a.comment, '. ' order by a.id), 8000) from goalpost.approvals a
       where a.run_id = p_step.run_id and a.step_key = p_step.key and a.kind = 'verdict' and a.comment <> ''))),
    p_now);
end
$$;

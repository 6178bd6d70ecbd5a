-- Applies unknown verdicts at the end of a judgement: the judge's step waits for the requester (running -> waiting, an
-- approval of kind verdict), or the run fails with its report, according to the workspace's on_unknown. Called by
-- apply_judgement. Expects the tree's lock. Returns the functions to wake.
create function goalpost_private.apply_unknown_verdicts(
  p_step goalpost.steps, p_run goalpost.workflow_runs, p_result jsonb, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_unknown jsonb;
  v_names text;
begin
  select jsonb_agg(jsonb_build_object('number', c.number, 'description', c.description, 'evidence', c.evidence)
                   order by c.number),
         string_agg(c.description, '; ' order by c.number)
    into v_unknown, v_names
    from goalpost.goal_criteria c where c.goal_id = p_run.goal_id and c.verdict = 'unknown';
  if (select w.on_unknown from goalpost.workspaces w where w.id = p_run.workspace_id) = 'fail' then
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
  perform goalpost_private.ask_person(
    p_step, 'verdict', null, format('Is this met? %s', left(v_names, 3000)),
    jsonb_build_object('report', left(p_result ->> 'report', 100000), 'criteria', v_unknown), p_now,
    jsonb_build_object('requester', 'decides', 'required_role', 'member',
                       'subject', jsonb_build_object('verdicts', (
                         select jsonb_agg(jsonb_build_object('number', u -> 'number', 'verdict', 'met') order by u -> 'number')
                           from jsonb_array_elements(v_unknown) u))));
  return '{}';
end
$$;

-- Applies a person's verdicts. Approved: the verdicts of the subject (or its edit) hold. Rejected: all of them are
-- unmet, with the comment as evidence. If all are met, the goal is completed with its report; unmet ones cause a new
-- plan, within the cap. Expired: the goal fails with its report. The judge's step ends in any case: waiting ->
-- completed | failed.
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
  update goalpost.goal_criteria c
     set verdict = case p_approval.state when 'approved' then v ->> 'verdict' else 'unmet' end, judged_at = p_now,
         evidence = left(concat_ws(': ', 'decided by a person', nullif(p_approval.comment, '')), 4000)
    from jsonb_array_elements(v_verdicts) v
   where c.goal_id = v_run.goal_id and c.number = (v ->> 'number')::integer and c.verdict = 'unknown';
  select * into v_goal from goalpost.goals where id = v_run.goal_id;
  select string_agg(c.description, '; ' order by c.number) into v_unmet
    from goalpost.goal_criteria c where c.goal_id = v_goal.id and c.verdict <> 'met';
  perform goalpost_private.complete_step(
    p_step, jsonb_build_object('decided_by', p_approval.decided_by, 'comment', p_approval.comment), p_now);
  if v_unmet is null then
    return goalpost_private.end_run(v_run.id, 'completed', null, v_goal.result, v_goal.report, p_now);
  end if;
  return goalpost_private.plan_again(
    v_run, jsonb_build_object('reason', concat_ws('. ', 'not met: ' || left(v_unmet, 2000), nullif(p_approval.comment, ''))),
    p_now);
end
$$;

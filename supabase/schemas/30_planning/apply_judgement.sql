-- Returns the readable verdicts of a judgement: a criterion's number, one of the three words, the evidence with the step
-- it rests on, and the author (check or model).
create function goalpost_private.readable_verdicts(p_result jsonb)
returns table (number integer, verdict text, evidence text, evidence_step text, decided_by text)
language sql immutable
set search_path = ''
as $$
  select goalpost_private.bounded_integer(v -> 'number', null, 1, 1000), v ->> 'verdict', left(v ->> 'evidence', 4000),
         left(v ->> 'step', 100), case when v ->> 'decided_by' in ('check', 'model') then v ->> 'decided_by' end
    from jsonb_array_elements(case jsonb_typeof(p_result -> 'verdicts') when 'array' then p_result -> 'verdicts' else '[]' end) v
   where jsonb_typeof(v -> 'number') = 'number' and goalpost_private.is_absent_or_whole(v -> 'number', 1, 1000)
     and v ->> 'verdict' in ('met', 'unmet', 'unknown')
$$;

-- Applies a judgement: verdicts, the report, and whether the goal is reached. Unmet criteria cause a new plan, at most
-- max_revisions times; then the goal fails with the best report. Unknown ones never complete a goal: the requester
-- decides about them, or the goal fails, according to the workspace's on_unknown. A person's verdict stays: it is not
-- replaced. A run that fails after its report (fail_run_after_report) fails with its reason, whatever the judge decided.
create function goalpost_private.apply_judgement(
  p_step goalpost.steps, p_result jsonb, p_now timestamptz, out message text, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_decision constant text := p_result ->> 'decision';
begin
  functions := '{}';
  select * into v_run from goalpost.workflow_runs where id = p_step.run_id;
  message := goalpost_private.judgement_problem(v_run, p_result);
  if message is not null then
    return;
  end if;
  update goalpost.goal_criteria c
     set verdict = v.verdict, evidence = v.evidence, evidence_step = v.evidence_step, decided_by = v.decided_by,
         judged_at = p_now
    from goalpost_private.readable_verdicts(p_result) v
   where c.goal_id = v_run.goal_id and c.number = v.number and c.decided_by is distinct from 'person';

  if v_decision = 'complete' and v_run.failure is null
     and exists (select from goalpost.goal_criteria c where c.goal_id = v_run.goal_id and c.verdict = 'unknown') then
    functions := goalpost_private.apply_unknown_verdicts(p_step, v_run, p_result, p_now);
    return;
  end if;
  perform goalpost_private.complete_step(p_step, p_result, p_now);
  if v_decision = 'replan' and v_run.failure is null then
    functions := goalpost_private.plan_again(v_run, p_result, p_now);
    return;
  end if;
  functions := goalpost_private.end_run(
    v_run.id,
    case when v_decision = 'complete' and v_run.failure is null then 'completed' else 'failed' end,
    case when v_decision = 'complete' then v_run.failure
         else coalesce(v_run.failure, nullif(p_result ->> 'reason', ''), 'its criteria were not met') end,
    p_result -> 'result', p_result ->> 'report', p_now, v_run.reason_code);
end
$$;

-- Returns the reason why a judgement cannot be applied; null if it can.
create function goalpost_private.judgement_problem(p_run goalpost.workflow_runs, p_result jsonb) returns text
language sql stable
set search_path = ''
as $$
  select case
    when p_result ->> 'decision' is null or p_result ->> 'decision' not in ('complete', 'replan', 'fail')
      then 'the decision must be complete, replan or fail'
    when p_result ->> 'decision' <> 'complete' then null
    when exists (
      select from goalpost.goal_criteria c
       where c.goal_id = p_run.goal_id
         and not exists (select from goalpost_private.readable_verdicts(p_result) v where v.number = c.number))
      then 'every criterion needs a verdict'
    when exists (select from goalpost_private.readable_verdicts(p_result) v where v.verdict = 'unmet')
      then 'a goal with an unmet criterion is not complete'
  end
$$;

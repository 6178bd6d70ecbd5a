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

-- The ends of special steps: assessments, plans, judgements, sub-goals and approvals. Their results come from models
-- and are untrusted: everything is checked before anything is written.

-- Applies an assessment: an answer, a few steps, or a goal. Returns a message if it is refused.
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
  v_context jsonb;
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
      if coalesce(jsonb_typeof(p_result -> 'goal' -> 'parameters'), 'null') not in ('object', 'null') then
        message := 'the parameters of a goal are an object';
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
  -- The requester's context takes precedence over parameters that a model extracted from the question.
  select coalesce(nullif(p_result -> 'goal' -> 'parameters', 'null'), '{}') || q.context into v_context
    from goalpost.requests q where q.id = v_run.request_id;
  v_goal_id := goalpost_private.open_goal(v_run, null, p_result -> 'goal', v_context, p_now);
  update goalpost.requests set goal_id = v_goal_id where id = v_run.request_id;
  functions := goalpost_private.end_run(
    v_run.id, 'completed', null, jsonb_build_object('goal_id', v_goal_id), null, p_now) || array['planner'];
end
$$;

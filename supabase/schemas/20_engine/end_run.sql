-- Ends a run: running -> completed | failed | cancelled, and in the same transaction everything that depends on it:
-- open steps and approvals are cancelled, sub-goals below are cancelled, agents are closed, and the goal, the parent's
-- step or the request ends with the run. Returns the functions to wake.
create function goalpost_private.end_run(
  p_run_id bigint, p_state text, p_reason text, p_result jsonb, p_report text, p_now timestamptz, p_reason_code text default null
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
begin
  update goalpost.workflow_runs
     set state = p_state, reason = p_reason, reason_code = p_reason_code, result = p_result, ended_at = p_now
   where id = p_run_id and state = 'running'
  returning * into v_run;
  if not found then
    return '{}';
  end if;

  perform goalpost_private.cancel_open_steps(p_run_id, null, p_now);
  update goalpost.agent_instances set state = 'closed', closed_at = p_now
   where run_id = p_run_id and state = 'open';
  perform goalpost_private.append_ends(v_run, 1, found);
  perform goalpost_private.append_event(
    p_run_id, null, 'run.' || p_state,
    case when p_reason is null then null else jsonb_build_object('reason', p_reason) end, p_now);

  if v_run.goal_id is null then
    return goalpost_private.end_request(v_run, p_report, p_now);
  end if;
  return goalpost_private.end_goal(v_run, p_report, p_now);
end
$$;

-- Ends the request of a run that had no goal. An assessment that opened a goal leaves the request open: the goal ends
-- it.
create function goalpost_private.end_request(p_run goalpost.workflow_runs, p_text text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.requests
     set state = case p_run.state when 'completed' then 'answered' else p_run.state end,
         reason = p_run.reason, reason_code = p_run.reason_code, answer = p_run.result, answer_text = p_text, ended_at = p_now
   where id = p_run.request_id and state = 'accepted'
     and (goal_id is null or p_run.goal_id is not null);
  return '{}';
end
$$;

-- Returns the code of the error that made a run fail, at any depth: the code of its own step, or of the sub-goal that
-- failed below it.
create function goalpost_private.cause_of_failure(p_run goalpost.workflow_runs) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select s.error ->> 'cause' from goalpost.steps s
      where s.run_id = p_run.id and p_run.reason_code = s.error ->> 'code'
      order by s.ended_at desc limit 1),
    p_run.reason_code);
end
$$;

-- Ends the goal of a run, and with it the parent's waiting step or, at the root, the request.
create function goalpost_private.end_goal(p_run goalpost.workflow_runs, p_report text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_goal goalpost.goals;
  v_parent_step goalpost.steps;
begin
  update goalpost.goals g
     set state = p_run.state, reason = p_run.reason, reason_code = p_run.reason_code, result = coalesce(p_run.result, g.result),
         report = coalesce(p_report, g.report,
           case when p_run.state <> 'completed' then goalpost_private.partial_report(g, p_run) end),
         ended_at = p_now
   where g.id = p_run.goal_id
  returning * into v_goal;
  -- Memories of this scope are for this goal and the goals below it, so none can be read any more.
  delete from goalpost.memories m
   where m.workspace_id = v_goal.workspace_id and m.goal_id = v_goal.id;

  if v_goal.parent_run_id is null then
    return goalpost_private.end_request(p_run, v_goal.report, p_now);
  end if;

  select * into v_parent_step from goalpost.steps
   where run_id = v_goal.parent_run_id and key = v_goal.parent_step_key and state = 'waiting';
  if not found then
    return '{}';
  end if;
  if v_goal.state = 'completed' then
    return goalpost_private.complete_step(
      v_parent_step,
      -- The sub-goal's heading is removed, because the text goes into the middle of the report above.
      jsonb_build_object('goal_id', v_goal.id, 'text', regexp_replace(v_goal.report, '^\s*#\s[^\n]*\n+', ''),
                         'result', v_goal.result), p_now);
  end if;
  return goalpost_private.fail_step(
    v_parent_step,
    jsonb_build_object(
      'code', case v_goal.reason_code when 'budget_exhausted' then v_goal.reason_code else 'sub_goal_' || v_goal.state end,
      'cause', goalpost_private.cause_of_failure(p_run),
      'retryable', false,
      'message', format('sub-goal %s ended %s: %s', v_goal.id, v_goal.state, coalesce(v_goal.reason, 'no reason given'))),
    'failed', p_now);
end
$$;

-- Renders the state of a goal that ended without a judgement (its plan or its judge failed, its time ran out, it was
-- cancelled): the reason, the texts of completed steps, and how the others ended. Markdown, at most about 25 kB.
create function goalpost_private.partial_report(p_goal goalpost.goals, p_run goalpost.workflow_runs) returns text
language sql stable
set search_path = ''
as $$
  select concat_ws(E'\n\n',
           '# ' || p_goal.title,
           format('This goal %s: %s.', case p_run.state when 'cancelled' then 'was cancelled' else p_run.state end,
                  rtrim(coalesce(p_run.reason, 'no reason given'), '.')),
           string_agg(format(E'## %s\n\n%s', s.title, left(s.result ->> 'text', 2000)), E'\n\n' order by s.ended_at, s.key)
             filter (where s.result ->> 'text' <> ''),
           E'## What was not done\n\n'
             || string_agg(format('- %s: %s', s.title, s.state || coalesce(', ' || left(s.error ->> 'message', 500), '')),
                           E'\n' order by s.ended_at, s.key)
                filter (where s.state in ('failed', 'cancelled', 'skipped')))
    from (select * from goalpost.steps
           where run_id = p_run.id and kind not in ('plan', 'judge') order by ended_at, key limit 10) s
$$;

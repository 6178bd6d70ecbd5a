-- Ends a run: running -> completed | failed | cancelled, with everything that hangs on it, in one transaction:
-- open steps and approvals are cancelled, sub-goals below are cancelled, agents are closed, the goal ends with the
-- run, and above it the parent's step or the request. Returns the functions to wake.
create function goalpost_private.end_run(
  p_run_id bigint, p_state text, p_reason text, p_result jsonb, p_report text, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_child_run_id bigint;
begin
  update goalpost.workflow_runs
     set state = p_state, reason = p_reason, result = p_result, ended_at = p_now
   where id = p_run_id and state = 'running'
  returning * into v_run;
  if not found then
    return '{}';
  end if;

  -- The raised epoch refuses workers that are still at it.
  update goalpost.steps
     set state = 'cancelled', ended_at = p_now, lease_epoch = lease_epoch + 1, lease_expires_at = null,
         run_after = null
   where run_id = p_run_id and state in ('pending', 'ready', 'running', 'waiting');
  update goalpost.approvals set state = 'cancelled', decided_at = p_now
   where run_id = p_run_id and state = 'pending';
  update goalpost.agent_instances set state = 'closed', closed_at = p_now
   where run_id = p_run_id and state = 'open';
  if found or v_run.runbook_id is not null then
    perform goalpost_private.append_ends(v_run, 1, found);
  end if;
  perform goalpost_private.append_event(
    p_run_id, null, 'run.' || p_state,
    case when p_reason is null then null else jsonb_build_object('reason', p_reason) end, p_now);

  for v_child_run_id in
    select r.id from goalpost.goals g
      join goalpost.workflow_runs r on r.workspace_id = g.workspace_id and r.goal_id = g.id
     where g.parent_run_id = p_run_id
     order by r.id
  loop
    perform goalpost_private.end_run(v_child_run_id, 'cancelled', 'the goal above it ended', null, null, p_now);
  end loop;

  if v_run.goal_id is null then
    return goalpost_private.end_request(v_run, p_report, p_now);
  end if;
  return goalpost_private.end_goal(v_run, p_report, p_now);
end
$$;

-- Ends the request of a run that had no goal. An assessment that opened a goal leaves the request open:
-- the goal will end it.
create function goalpost_private.end_request(p_run goalpost.workflow_runs, p_text text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.requests
     set state = case p_run.state when 'completed' then 'answered' else p_run.state end,
         reason = p_run.reason, answer = p_run.result, answer_text = p_text, ended_at = p_now
   where id = p_run.request_id and state = 'accepted'
     and (goal_id is null or p_run.goal_id is not null);
  return '{}';
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
  update goalpost.goals
     set state = p_run.state, reason = p_run.reason, result = coalesce(p_run.result, result),
         report = coalesce(p_report, report), ended_at = p_now
   where id = p_run.goal_id
  returning * into v_goal;

  if v_goal.parent_run_id is null then
    return goalpost_private.end_request(p_run, p_report, p_now);
  end if;

  select * into v_parent_step from goalpost.steps
   where run_id = v_goal.parent_run_id and key = v_goal.parent_step_key and state = 'waiting';
  if not found then
    return '{}';
  end if;
  if v_goal.state = 'completed' then
    return goalpost_private.complete_step(
      v_parent_step,
      jsonb_build_object('goal_id', v_goal.id, 'text', v_goal.report, 'result', v_goal.result), p_now);
  end if;
  return goalpost_private.fail_step(
    v_parent_step,
    jsonb_build_object(
      'code', case when v_goal.reason like 'budget\_exhausted:%' then 'budget_exhausted' else 'sub_goal_' || v_goal.state end,
      'retryable', false,
      'message', format('sub-goal %s ended %s: %s', v_goal.id, v_goal.state, coalesce(v_goal.reason, 'no reason given'))),
    'failed', p_now);
end
$$;

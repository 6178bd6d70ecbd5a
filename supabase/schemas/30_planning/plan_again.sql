-- Planning again, for a goal whose criteria were not met or one of whose steps failed for good.

-- Opens another plan if the cap on revisions permits it; otherwise fails the run. Keeps the report in case that no
-- later plan achieves more. p_result: {"reason", "report", "result"}. Returns the functions to wake.
create function goalpost_private.plan_again(p_run goalpost.workflow_runs, p_result jsonb, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_key constant text := 'plan_' || p_run.revision + 1;
begin
  if p_run.revision > (select l.max_revisions from goalpost_private.limits l) then
    return goalpost_private.end_run(
      p_run.id, 'failed', coalesce(nullif(p_result ->> 'reason', ''), 'its criteria were not met'),
      p_result -> 'result', p_result ->> 'report', p_now);
  end if;
  update goalpost.goals
     set result = coalesce(p_result -> 'result', result), report = coalesce(p_result ->> 'report', report)
   where id = p_run.goal_id;
  perform goalpost_private.add_own_step(
    p_run, v_key, 'plan', 'Plan again', jsonb_build_object('reason', p_result -> 'reason'));
  return goalpost_private.ready_steps(p_run.id, array[v_key], p_now);
end
$$;

-- Returns true if a failed step leads to another plan: a model made the plan, the cap on revisions permits another, and
-- other steps may avoid the failure. A rejection by a person without a comment, a lack of money, a problem of a
-- provider's account, and a missing feature of the platform would fail any other plan, too.
create function goalpost_private.may_be_planned_around(
  p_run goalpost.workflow_runs, p_step goalpost.steps, p_error jsonb
) returns boolean
language sql stable
set search_path = ''
as $$
  select p_step.kind in ('agent', 'tool', 'subgoal', 'approval')
     and (p_error ->> 'code' = 'rejected' and exists (
            select from goalpost.approvals a
             where a.run_id = p_step.run_id and a.step_key = p_step.key and a.state = 'rejected' and a.comment <> '')
          or coalesce(p_error ->> 'cause', p_error ->> 'code') !~ ('^(model_.*|.*_unavailable|.*_not_configured|.*_cancelled|'
       || 'budget_exhausted|no_language_model|runbook_not_allowed|rejected|expired|denied|plan_rejected|rights_expired|'
       || 'outcome_unknown|context_unreadable|interrupted|too_many_goals|too_many_steps|deadline_passed)$'))
     and p_run.revision <= (select l.max_revisions from goalpost_private.limits l)
     and exists (select from goalpost.steps m
                  where m.run_id = p_run.id and m.kind in ('assess', 'plan') and m.result ->> 'model' is not null
                    and coalesce(m.result ->> 'revision', '1') = p_run.revision::text)
$$;

-- Continues after a step that failed for good: opens another plan of its goal, which receives the failure; a request
-- that was answered by a few steps becomes a goal. Returns null if the run fails instead. Cancels the open steps of the
-- plan.
-- Called by fail_step, once for a step. Expects the tree's lock.
create function goalpost_private.plan_around_failure(p_step goalpost.steps, p_error jsonb, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_step.run_id);
  v_reason constant text := format('step %s failed: %s', p_step.key, p_error ->> 'message');
begin
  if not goalpost_private.may_be_planned_around(v_run, p_step, p_error) then
    return null;
  end if;
  perform goalpost_private.cancel_open_steps(v_run.id, null, p_now);
  if v_run.goal_id is null then
    return goalpost_private.make_goal_of_request(v_run, v_reason, p_now);
  end if;
  return goalpost_private.plan_again(v_run, jsonb_build_object('reason', v_reason), p_now);
end
$$;

-- Turns a request whose few steps failed into a goal. The goal's context contains the failed steps. Returns the
-- functions to wake.
create function goalpost_private.make_goal_of_request(p_run goalpost.workflow_runs, p_reason text, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_request goalpost.requests := (select q from goalpost.requests q where q.id = p_run.request_id);
  v_goal_id bigint;
begin
  v_goal_id := goalpost_private.open_goal(
    p_run, null, jsonb_build_object('title', left(v_request.question, 200), 'description', v_request.question),
    v_request.context || jsonb_build_object('tried_before', jsonb_build_object(
      'reason', p_reason, 'steps', goalpost_private.describe_steps_for_plan(p_run.id))),
    p_now);
  update goalpost.requests set goal_id = v_goal_id where id = v_request.id;
  return goalpost_private.end_run(
    p_run.id, 'completed', null, jsonb_build_object('goal_id', v_goal_id), null, p_now) || array['planner'];
end
$$;

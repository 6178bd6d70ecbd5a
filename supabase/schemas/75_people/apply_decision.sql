-- Applies a decision (or its expiry) to the step that waits for it. Returns the functions to wake.
create function goalpost_private.apply_decision(p_approval goalpost.approvals, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
begin
  -- The step that proposed an improvement has ended.
  if p_approval.kind = 'improvement' then
    perform goalpost_private.apply_improvement_decision(p_approval, p_now);
    return '{}';
  end if;
  select * into v_step from goalpost.steps
   where run_id = p_approval.run_id and key = p_approval.step_key and state = 'waiting';
  -- While the approval of a call is pending, a worker may still hold the step. A step that consists of the decision, or
  -- whose plan or verdicts wait, has no worker.
  if not found and p_approval.kind not in ('step', 'plan', 'verdict') then
    select * into v_step from goalpost.steps
     where run_id = p_approval.run_id and key = p_approval.step_key and state in ('running', 'ready');
  end if;
  if v_step.key is null then
    return '{}';
  end if;
  perform goalpost_private.append_event(
    p_approval.run_id, p_approval.step_key, 'approval.' || p_approval.state,
    jsonb_build_object('approval_id', p_approval.id, 'kind', p_approval.kind), p_now);
  case p_approval.kind
    when 'step' then return goalpost_private.apply_step_decision(v_step, p_approval, p_now);
    when 'plan' then return goalpost_private.apply_plan_decision(v_step, p_approval, p_now);
    when 'budget' then return goalpost_private.apply_budget_decision(v_step, p_approval, p_now);
    when 'verdict' then return goalpost_private.apply_verdict_decision(v_step, p_approval, p_now);
    when 'renewal' then return goalpost_private.apply_renewal(v_step, p_approval, p_now);
    else
      -- A question without a call is about the parameters of a runbook.
      if p_approval.kind = 'question' and p_approval.call_number is null then
        return goalpost_private.apply_parameters_decision(v_step, p_approval, p_now);
      end if;
      perform goalpost_private.apply_call_decision(p_approval, p_now);
      return goalpost_private.resume_step(p_approval.run_id, p_approval.step_key, p_now);
  end case;
end
$$;

-- Returns why an approval was not given, as the error of a step or a call.
create function goalpost_private.refusal_of(p_approval goalpost.approvals, p_retryable boolean) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_build_object('code', p_approval.state, 'retryable', p_retryable,
    'message', case p_approval.state when 'expired' then 'no decision was made in time'
               else 'rejected' || coalesce(': ' || nullif(p_approval.comment, ''), '') end)
$$;

-- Ends a step of the plan that consists of this decision: waiting -> completed, or failed if its on_reject makes a
-- rejection a failure.
create function goalpost_private.apply_step_decision(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  if p_approval.state = 'approved' or p_approval.on_reject = 'continue' then
    return goalpost_private.complete_step(
      p_step,
      jsonb_build_object('decision', p_approval.state, 'comment', p_approval.comment, 'decided_by', p_approval.decided_by)
        || case when p_approval.state = 'approved' and p_approval.subject is not null
                then jsonb_build_object('content', coalesce(p_approval.edited, p_approval.subject),
                                        'was_edited', coalesce(p_approval.edited <> p_approval.subject, false))
                else '{}' end,
      p_now);
  end if;
  return goalpost_private.fail_step(p_step, goalpost_private.refusal_of(p_approval, false), 'failed', p_now);
end
$$;

-- Applies the decision on a plan. Approved: the plan is activated as it is now, by the rules of now (ZG003 if it breaks
-- one). Rejected: the planner's attempt fails for this reason, which the next attempt receives, within the step's
-- max_attempts. Either way the worker's attempt ends: the plan was its outcome.
create function goalpost_private.apply_plan_decision(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_error constant jsonb := goalpost_private.refusal_of(p_approval, p_approval.state = 'rejected')
    || '{"code": "plan_rejected", "retry_after_seconds": 0}';
  v_is_approved constant boolean := p_approval.state = 'approved';
  v_effect record;
begin
  insert into goalpost.step_attempts
    (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at, error)
  values
    (p_step.run_id, p_step.key, p_step.attempt, p_step.workspace_id,
     case when v_is_approved then 'completed' else 'failed' end, p_step.leased_by, p_approval.requested_at, p_now,
     case when not v_is_approved then v_error end);
  if v_is_approved then
    v_effect := goalpost_private.activate_plan(
      p_step, coalesce(p_approval.edited, p_approval.subject), p_approval.shown -> 'estimate', p_now);
    if v_effect.message is not null then
      perform goalpost_private.refuse('ZG003', v_effect.message, 'edit the plan, or reject it with what should be different');
    end if;
    return v_effect.functions;
  end if;
  update goalpost.steps
     set input = coalesce(input, '{}') || jsonb_build_object('reason', v_error -> 'message')
   where run_id = p_step.run_id and key = p_step.key;
  return goalpost_private.fail_step(p_step, v_error, 'failed', p_now);
end
$$;

-- Applies the decision on a call: waiting | unknown -> intended (it may be made, with a person's edited arguments) |
-- done (answered, or reported as having happened) | denied | failed. decide_approval has checked the decision against
-- the present call.
create function goalpost_private.apply_call_decision(p_approval goalpost.approvals, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_state constant text := case
    when p_approval.state = 'approved' and p_approval.kind = 'tool_call' then 'intended'
    when p_approval.state = 'approved' and p_approval.kind = 'question' then 'done'
    when p_approval.state = 'approved' then case p_approval.answer ->> 'happened' when 'true' then 'done' else 'intended' end
    when p_approval.kind = 'outcome_unknown' then 'failed'
    else 'denied' end;
begin
  update goalpost.tool_calls c
     set state = v_state,
         proposed_arguments = case when p_approval.edited is null then c.proposed_arguments
                                   else coalesce(c.proposed_arguments, c.arguments) end,
         arguments = coalesce(p_approval.edited, c.arguments),
         arguments_hash = coalesce(goalpost_private.hash_of(p_approval.edited), c.arguments_hash),
         ended_at = case when v_state <> 'intended' then p_now end,
         result = case when v_state = 'done' then coalesce(
           case p_approval.kind when 'question' then p_approval.answer else p_approval.answer -> 'result' end, 'null') end,
         error = case when v_state in ('denied', 'failed') then goalpost_private.refusal_of(p_approval, false)
           -- The outcome is still unknown: a retried step opens the approval again, and does not repeat the call
           -- (reopen_calls).
           || case when p_approval.kind = 'outcome_unknown' and c.turn_number is null then '{"closed_from": "unknown"}' else '{}'::jsonb end end
   where c.run_id = p_approval.run_id and c.step_key = p_approval.step_key and c.number = p_approval.call_number
     and c.state = case p_approval.kind when 'outcome_unknown' then 'unknown' else 'waiting' end;
end
$$;

-- Applies the decision on raising a cap: the cap is raised, and every step with the same question resumes, or all of
-- them fail. The workspace's monthly cap is raised no higher than the project admins' grant.
create function goalpost_private.apply_budget_decision(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_cap constant jsonb := coalesce(p_approval.edited, p_approval.subject);
  v_before goalpost.budgets;
  v_after goalpost.budgets;
  v_functions text[];
  v_other goalpost.approvals;
begin
  if p_approval.state = 'approved' then
    select * into v_before from goalpost.budgets b
     where b.workspace_id = p_approval.workspace_id and b.scope = v_cap ->> 'scope' and b.key = v_cap ->> 'key'
       for no key update;
    update goalpost.budgets b
       set cap_microusd = greatest(b.cap_microusd, least((v_cap ->> 'max_microusd')::numeric::bigint,
             case b.scope when 'workspace_month' then w.granted_month_microusd else 1000000000000 end)),
           cap_tokens = greatest(b.cap_tokens, least((v_cap ->> 'max_tokens')::numeric::bigint,
             case b.scope when 'workspace_month' then w.granted_month_tokens else 1000000000000 end))
      from goalpost.workspaces w
     where w.id = b.workspace_id and b.workspace_id = v_before.workspace_id and b.scope = v_before.scope and b.key = v_before.key
    returning b.* into v_after;
    insert into goalpost.budget_raises
      (approval_id, workspace_id, scope, key, from_microusd, to_microusd, from_tokens, to_tokens, raised_by, raised_at)
    select p_approval.id, v_after.workspace_id, v_after.scope, v_after.key, v_before.cap_microusd, v_after.cap_microusd,
           v_before.cap_tokens, v_after.cap_tokens, p_approval.decided_by, p_now
     where v_after.workspace_id is not null;
    v_functions := goalpost_private.resume_step(p_step.run_id, p_step.key, p_now);
  elsif p_step.state = 'waiting' then
    v_functions := goalpost_private.fail_step(
      p_step,
      goalpost_private.refusal_of(p_approval, false) || jsonb_build_object('code', 'budget_exhausted', 'keeps_answers', true, 'message',
        format('the cap was not raised: %s', goalpost_private.refusal_of(p_approval, false) ->> 'message')),
      'failed', p_now);
  end if;
  for v_other in
    update goalpost.approvals a
       set state = p_approval.state, decided_by = p_approval.decided_by, decided_at = p_now,
           comment = format('decided with approval %s', p_approval.id), edited = p_approval.edited
     where a.decided_with = p_approval.id and a.state = 'pending'
    returning a.*
  loop
    v_functions := v_functions || goalpost_private.apply_decision(v_other, p_now);
  end loop;
  return coalesce(v_functions, '{}');
end
$$;

-- Lets another role decide an approval whose time for the first role is over: writes the role to the row and an event
-- to the history; the approval stays pending. Called by the sweep. Expects the tree's lock.
create function goalpost_private.escalate_approval(p_approval goalpost.approvals, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.approvals
     set required_role = p_approval.escalates_to, escalates_at = null, escalates_to = null
   where id = p_approval.id and state = 'pending';
  if found then
    perform goalpost_private.append_event(
      p_approval.run_id, p_approval.step_key, 'approval.escalated',
      jsonb_build_object('approval_id', p_approval.id, 'from', p_approval.required_role, 'to', p_approval.escalates_to), p_now);
  end if;
end
$$;

-- Expires an approval without a decision: pending -> expired. It may have been cancelled by the end of an earlier one.
create function goalpost_private.expire_approval(p_approval goalpost.approvals, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.approvals set state = 'expired', decided_at = p_now
   where id = p_approval.id and state = 'pending'
  returning * into p_approval;
  if not found then
    return '{}';
  end if;
  return goalpost_private.apply_decision(p_approval, p_now);
end
$$;

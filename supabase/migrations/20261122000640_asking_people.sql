-- What people are asked while work goes on, and what their decisions do: whether a step, a plan or a call may be, what
-- became of a call, a higher cap, a question of a model's own. A step that waits for them holds nothing: it is a row.
-- Who may decide, and the RPC, is in …0650.

-- sha256 of a JSON value's text, in hex: what a decision is bound to.
create function goalpost_private.hash_of(p_value jsonb) returns text
language sql immutable
set search_path = ''
as $$ select encode(sha256(convert_to(p_value::text, 'UTF8')), 'hex') $$;

-- A role that may decide, or the default: what plans and tools say is untrusted.
create function goalpost_private.deciding_role(p_role text, p_default text) returns text
language sql immutable
set search_path = ''
as $$ select case when p_role in ('member', 'approver', 'admin', 'owner') then p_role else p_default end $$;

-- Opens a question for people: a row that is pending. Returns its id.
-- Called by open_approval, apply_plan, the journal (calls, and outcomes that nobody knows), ask_human and reserve_turn.
-- p_call_number names the call that it is about; what is decided on is then that call's arguments, else
-- p_options -> 'subject'. All of p_options may be left out: required_role, quorum, requester_may_decide, on_reject,
-- expires_in_seconds, escalates_in_seconds, escalates_to, answer_schema, subject, decided_with. What is out of bounds
-- there counts as left out. Raises ZG004 for a call that is not there. Expects the tree's lock.
create function goalpost_private.ask_person(
  p_step goalpost.steps, p_kind text, p_call_number integer, p_question text, p_shown jsonb, p_now timestamptz,
  p_options jsonb default '{}'
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_subject jsonb := nullif(p_options -> 'subject', 'null');
  v_hash text := goalpost_private.hash_of(v_subject);
  v_escalates_in constant integer := goalpost_private.bounded_integer(p_options -> 'escalates_in_seconds', null, 60, 31536000);
  v_approval goalpost.approvals;
begin
  if p_call_number is not null then
    select c.arguments, c.arguments_hash into v_subject, v_hash from goalpost.tool_calls c
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.number = p_call_number;
    if not found then
      perform goalpost_private.refuse('ZG004', format('step %s has no call %s', p_step.key, p_call_number));
    end if;
  end if;
  insert into goalpost.approvals
    (workspace_id, goal_id, run_id, step_key, number, kind, call_number, decided_with, question, shown, subject,
     subject_hash, answer_schema, required_role, quorum, requester_may_decide, on_reject, escalates_at, escalates_to,
     requested_at, expires_at)
  select p_step.workspace_id, r.goal_id, p_step.run_id, p_step.key,
         1 + coalesce((select max(a.number) from goalpost.approvals a
                        where a.run_id = p_step.run_id and a.step_key = p_step.key), 0),
         p_kind, p_call_number, (p_options ->> 'decided_with')::bigint, left(p_question, 4000), coalesce(p_shown, '{}'),
         v_subject, v_hash,
         case jsonb_typeof(p_options -> 'answer_schema') when 'object' then p_options -> 'answer_schema' end,
         goalpost_private.deciding_role(
           p_options ->> 'required_role', case p_kind when 'question' then 'member' else 'approver' end),
         -- Several people can approve the same thing; they cannot give the same answer.
         case when p_kind in ('question', 'outcome_unknown') then 1
              else goalpost_private.bounded_integer(p_options -> 'quorum', 1, 1, 20) end,
         p_options -> 'requester_may_decide' is distinct from 'false'::jsonb,
         case when p_options ->> 'on_reject' = 'continue' then 'continue' else 'fail' end,
         p_now + make_interval(secs => v_escalates_in),
         case when v_escalates_in is not null then
           goalpost_private.deciding_role(p_options ->> 'escalates_to', 'admin') end,
         p_now,
         p_now + make_interval(secs => goalpost_private.bounded_integer(
           p_options -> 'expires_in_seconds', 604800, 60, 31536000))
    from goalpost.workflow_runs r
   where r.id = p_step.run_id
  returning * into v_approval;
  perform goalpost_private.append_event(
    p_step.run_id, p_step.key, 'approval.requested',
    jsonb_build_object('approval_id', v_approval.id, 'kind', p_kind), p_now);
  return v_approval.id;
end
$$;

-- Carries out a call of ask_human: intended -> waiting, with its question before people. Any member may answer, the asker
-- too; the answer is the call's result. Called by carry_out_call, with the tree locked.
create function goalpost_private.carry_out_ask_human(p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.tool_calls c set state = 'waiting', started_at = p_now
   where c.run_id = p_call.run_id and c.step_key = p_call.step_key and c.number = p_call.number;
  perform goalpost_private.ask_person(
    p_step, 'question', p_call.number, p_call.arguments ->> 'question', '{}', p_now,
    jsonb_build_object('answer_schema', case
      when jsonb_typeof(p_call.arguments -> 'answer_schema') = 'object' then p_call.arguments -> 'answer_schema'
      when jsonb_typeof(p_call.arguments -> 'options') = 'array' and p_call.arguments -> 'options' <> '[]'
        then jsonb_build_object('enum', p_call.arguments -> 'options') end));
end
$$;

-- Whether a step has to wait for others: a person who has not decided, or a step that works for one of its calls.
create function goalpost_private.waits_for_others(p_run_id bigint, p_step_key text) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (select from goalpost.approvals a
                  where a.run_id = p_run_id and a.step_key = p_step_key and a.state = 'pending')
      or exists (select from goalpost.tool_calls c
                  where c.run_id = p_run_id and c.step_key = p_step_key and c.state = 'waiting'
                    and c.works_in_step is not null)
$$;

-- Lets a step go on that waits for nobody any more: waiting -> ready. One that waits for a time is left to the sweep,
-- and one that is still running hears of it when it asks. Returns the functions to wake. Expects the tree's lock.
create function goalpost_private.resume_step(p_run_id bigint, p_step_key text, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_kind text;
begin
  update goalpost.steps s set state = 'ready', run_after = p_now
   where s.run_id = p_run_id and s.key = p_step_key and s.state = 'waiting' and s.run_after is null
     and goalpost_private.function_of(s.kind) is not null
     and not goalpost_private.waits_for_others(s.run_id, s.key)
  returning s.kind into v_kind;
  return array_remove(array[goalpost_private.function_of(v_kind)], null);
end
$$;

-- What a decision (or its absence) does to the step that waits for it. Returns the functions to wake.
create function goalpost_private.settle_approval(p_approval goalpost.approvals, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
begin
  select * into v_step from goalpost.steps
   where run_id = p_approval.run_id and key = p_approval.step_key and state = 'waiting';
  -- A worker may still be at what asks about its calls; a step that is one decision, or whose plan waits, has none.
  if not found and p_approval.kind not in ('step', 'plan') then
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
    when 'step' then return goalpost_private.settle_step_approval(v_step, p_approval, p_now);
    when 'plan' then return goalpost_private.settle_plan_approval(v_step, p_approval, p_now);
    when 'budget' then return goalpost_private.settle_budget_approval(v_step, p_approval, p_now);
    else
      perform goalpost_private.settle_call_approval(p_approval, p_now);
      return goalpost_private.resume_step(p_approval.run_id, p_approval.step_key, p_now);
  end case;
end
$$;

-- Why something was not approved, as a step's or a call's error.
create function goalpost_private.refusal_of(p_approval goalpost.approvals, p_retryable boolean) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_build_object('code', p_approval.state, 'retryable', p_retryable,
    'message', case p_approval.state when 'expired' then 'nobody decided in time'
               else 'rejected' || coalesce(': ' || nullif(p_approval.comment, ''), '') end)
$$;

-- A step of the plan that is this decision: waiting -> completed, or failed where a rejection is one.
create function goalpost_private.settle_step_approval(
  p_step goalpost.steps, p_approval goalpost.approvals, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  if p_approval.state = 'approved' or p_approval.on_reject = 'continue' then
    return goalpost_private.complete_step(
      p_step,
      jsonb_build_object('decision', p_approval.state, 'comment', p_approval.comment, 'decided_by', p_approval.decided_by),
      p_now);
  end if;
  return goalpost_private.fail_step(p_step, goalpost_private.refusal_of(p_approval, false), 'failed', p_now);
end
$$;

-- A plan: approved, it takes effect as it then is, by the rules that hold then (ZG003 where it breaks one). Rejected,
-- that try of planning has failed for this reason, and the next one is told it; the tries of the step bound that.
-- Either way it is the end of a worker's try: the plan was its outcome.
create function goalpost_private.settle_plan_approval(
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
    v_effect := goalpost_private.put_plan_in_effect(
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

-- A call: waiting | unknown -> intended (it may be made, with what a person made of its arguments) | done (answered, or
-- it had happened) | denied | failed. The decision was checked against the call as it is (decide_approval).
create function goalpost_private.settle_call_approval(p_approval goalpost.approvals, p_now timestamptz) returns void
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
         error = case when v_state in ('denied', 'failed') then goalpost_private.refusal_of(p_approval, false) end
   where c.run_id = p_approval.run_id and c.step_key = p_approval.step_key and c.number = p_approval.call_number
     and c.state = case p_approval.kind when 'outcome_unknown' then 'unknown' else 'waiting' end;
end
$$;

-- Lets another role decide what nobody decided in time: it is written into the row and the history, and the rest
-- stays as it is. Called by the sweep. Expects the tree's lock.
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

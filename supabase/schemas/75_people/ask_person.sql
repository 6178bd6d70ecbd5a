-- The approvals that a step opens: for a step, a plan or a call, for the outcome of a call, for a higher cap, and for a
-- question of a model. A step that waits for one is a row and holds no resources. The right to decide, and the RPC, are
-- in decide_approval.sql.

-- Returns the sha256 of a JSON value's text, in hex: a decision is bound to it.
create function goalpost_private.hash_of(p_value jsonb) returns text
language sql immutable
set search_path = ''
as $$ select encode(sha256(convert_to(p_value::text, 'UTF8')), 'hex') $$;

-- Returns a role that may decide, or the default for an invalid one: plans and tools are untrusted.
create function goalpost_private.deciding_role(p_role text, p_default text) returns text
language sql immutable
set search_path = ''
as $$ select case when p_role in ('member', 'approver', 'admin', 'owner') then p_role else p_default end $$;

-- Opens a pending approval. Returns its id.
-- Called by open_approval, apply_plan, the journal (calls, and unknown outcomes), ask_human and reserve_turn.
-- p_call_number is the call that it concerns; the subject is then that call's arguments, otherwise p_options ->
-- 'subject'. All of p_options are optional: required_role, quorum, requester_may_decide, on_reject, expires_in_seconds,
-- escalates_in_seconds, escalates_to, answer_schema, subject, decided_with, requester (decides: only the requester may
-- decide; confirms: the requester approves it after the role). Values out of bounds count as absent. A question goes to
-- the requester, because its answer steers work that runs with the requester's rights.
-- Raises ZG004 for a call that does not exist. Expects the tree's lock.
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
     subject_hash, answer_schema, required_role, quorum, requester_may_decide, decider_id, requester_confirms, on_reject,
     escalates_at, escalates_to, requested_at, expires_at)
  select p_step.workspace_id, r.goal_id, p_step.run_id, p_step.key,
         1 + coalesce((select max(a.number) from goalpost.approvals a
                        where a.run_id = p_step.run_id and a.step_key = p_step.key), 0),
         p_kind, p_call_number, (p_options ->> 'decided_with')::bigint, left(p_question, 4000), coalesce(p_shown, '{}'),
         v_subject, v_hash,
         case jsonb_typeof(p_options -> 'answer_schema') when 'object' then p_options -> 'answer_schema' end,
         goalpost_private.deciding_role(
           p_options ->> 'required_role', case p_kind when 'question' then 'member' else 'approver' end),
         -- A quorum can approve one subject, but several people cannot give one answer.
         case when p_kind in ('question', 'outcome_unknown') then 1
              else goalpost_private.bounded_integer(p_options -> 'quorum', 1, 1, 20) end,
         p_options -> 'requester_may_decide' is distinct from 'false'::jsonb,
         case when (p_kind = 'question' or p_options ->> 'requester' = 'decides')
                   and p_options -> 'requester_may_decide' is distinct from 'false'::jsonb then r.user_id end,
         p_options ->> 'requester' in ('decides', 'confirms') is true,
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

-- Opens an approval step: pending -> waiting, with an approval that contains the context of the decision. Its subject
-- is the content of the step, with results filled in. Returns the functions to wake: content that is too large fails
-- the step.
create function goalpost_private.open_approval(p_step goalpost.steps, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_names constant jsonb := goalpost_private.names_for(p_step);
  v_content constant jsonb := goalpost_private.fill_in_strings(p_step.input -> 'content', v_names);
  v_max_bytes constant integer := (select l.max_result_bytes from goalpost_private.limits l);
begin
  update goalpost.steps set state = 'waiting' where run_id = p_step.run_id and key = p_step.key;
  if goalpost_private.is_larger_than(v_content, v_max_bytes) then
    return goalpost_private.fail_step(p_step, jsonb_build_object('code', 'content_too_large', 'retryable', false, 'message',
      format('the content for approval has more than %s bytes; show less of the results in it', v_max_bytes)), 'failed', p_now);
  end if;
  perform goalpost_private.ask_person(
    p_step, 'step', null, goalpost_private.fill_in(p_step.input ->> 'question', v_names),
    goalpost_private.dependency_results(p_step.run_id, p_step.depends_on), p_now,
    jsonb_build_object(
      'required_role', p_step.input -> 'required_role', 'on_reject', p_step.input -> 'on_reject',
      'expires_in_seconds', p_step.input -> 'expires_after_seconds', 'quorum', p_step.input -> 'quorum',
      'requester_may_decide', p_step.input -> 'requester_may_decide', 'subject', v_content,
      'escalates_in_seconds', p_step.input -> 'escalates_after_seconds', 'escalates_to', p_step.input -> 'escalates_to'));
  return '{}';
end
$$;

-- Decides an approval: pending -> approved | rejected, and applies the decision. The first decision wins; later ones
-- receive it with "first": false. Decisions by kind:
--   step, plan, tool_call, budget, improvement
--                                   approved (p_edited: the person's version; of a step, of its content), rejected
--   question                        answered, with p_answer; rejected
--   outcome_unknown                 happened (p_answer: its result), not_happened (do it again), rejected (give it up)
-- If a quorum is required, different people approve one version, and one rejection is enough. p_subject_hash: the
-- version that the person read; required if another person has edited it. A version that another person edited and that
-- changes what runs with the requester's rights stays pending until the requester approves it
-- (confirm_by_requester.sql); if the requester rejects it, the original is pending again. Raises ZG001, ZG002 (role, or
-- the requester where that is excluded), ZG003 (no such decision, or of an invalid shape), ZG004 (the subject has
-- changed), ZG007.
-- Locks the tree. Definer: people may not write steps.
create function goalpost_private.decide_approval(
  p_approval_id bigint, p_decision text, p_comment text, p_edited jsonb, p_answer jsonb, p_subject_hash text
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_approval goalpost.approvals;
  v_state constant text := case p_decision when 'rejected' then 'rejected' else 'approved' end;
  v_first boolean := false;
begin
  select * into v_approval from goalpost.approvals where id = p_approval_id;
  perform goalpost_private.refuse_decider(v_approval);
  perform goalpost_private.refuse_unfit_decision(v_approval, p_decision, p_comment, p_edited, p_answer);

  perform goalpost_private.lock_trees(array[v_approval.run_id]);
  v_now := goalpost_private.clock();
  select * into v_approval from goalpost.approvals where id = p_approval_id;
  if v_approval.state = 'pending' and v_approval.expires_at <= v_now then
    perform goalpost_private.send_wakes(goalpost_private.expire_approval(v_approval, v_now), '[]', v_now);
  elsif v_approval.state = 'pending' then
    -- Checked again under the lock: the approval may have escalated or come to wait for the requester in the meantime.
    perform goalpost_private.refuse_decider(v_approval);
    if v_state = 'approved' then
      perform goalpost_private.refuse_changed_subject(v_approval, p_edited, p_subject_hash);
    end if;
    if not goalpost_private.completes_decision(v_approval, p_decision, p_comment, p_edited, p_answer, v_now) then
      return goalpost_private.describe_decision(p_approval_id, true);
    end if;
  end if;

  update goalpost.approvals
     set state = v_state, decided_by = auth.uid(), decided_at = v_now, comment = p_comment, decider_id = null,
         answer = case p_decision
                    when 'happened' then case
                      when p_answer is null and answer is not null then answer
                      else jsonb_build_object('happened', true, 'result', coalesce(p_answer, 'null')) end
                    when 'not_happened' then '{"happened": false}' else p_answer end
   where id = p_approval_id and state = 'pending'
  returning * into v_approval;
  if found then
    v_first := true;
    perform goalpost_private.record_correction(v_approval, v_now);
    perform goalpost_private.send_wakes(goalpost_private.apply_decision(v_approval, v_now), '[]', v_now);
  end if;
  return goalpost_private.describe_decision(p_approval_id, v_first);
end
$$;

-- Describes an approval to the person who decided on it. "waits_for": the requester, or a role, if it is pending.
create function goalpost_private.describe_decision(p_approval_id bigint, p_first boolean) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object('approval_id', a.id, 'state', a.state, 'first', p_first, 'decided_by', a.decided_by,
                            'decided_at', a.decided_at)
         || case when a.state = 'pending'
                 then jsonb_build_object('waits_for', case when a.decider_id is not null then 'requester' else a.required_role end)
                 else '{}' end
         || case when a.quorum > 1
                 then jsonb_build_object('quorum', a.quorum, 'votes', goalpost_private.count_votes(a)) else '{}' end
    from goalpost.approvals a where a.id = p_approval_id
$$;

-- Refuses a caller who may not decide this: ZG001, ZG002. The requester may confirm an edit in any role; if others have
-- to decide, the requester may only confirm.
create function goalpost_private.refuse_decider(p_approval goalpost.approvals) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  v_is_requester constant boolean := auth.uid() = (select r.user_id from goalpost.workflow_runs r where r.id = p_approval.run_id);
begin
  perform goalpost_private.require_role(p_approval.workspace_id,
    case when p_approval.decider_id = auth.uid() then 'member' else p_approval.required_role end);
  if p_approval.decider_id <> auth.uid() and p_approval.state = 'pending' then
    perform goalpost_private.refuse('ZG002', 'this waits for the person who asked for the work',
      'it runs with the rights of that person, who confirms or rejects it');
  end if;
  if v_is_requester and not p_approval.requester_may_decide and p_approval.decider_id is distinct from auth.uid() then
    perform goalpost_private.refuse('ZG002', 'the requester may not decide this', 'another person has to');
  end if;
end
$$;

-- Returns the decisions that an approval has now.
create function goalpost_private.decisions_of(p_approval goalpost.approvals) returns text[]
language sql immutable
set search_path = ''
as $$
  select case p_approval.kind
    when 'question' then array['answered', 'rejected']
    when 'outcome_unknown' then case when p_approval.decider_id is null then array['happened', 'not_happened', 'rejected']
                                else array['happened', 'rejected'] end
    else array['approved', 'rejected'] end
$$;

-- Refuses a decision that this kind of approval does not have, or whose comment, edit or answer is out of bounds or of
-- an invalid shape: ZG003, or ZG007 for one that is too large.
create function goalpost_private.refuse_unfit_decision(
  p_approval goalpost.approvals, p_decision text, p_comment text, p_edited jsonb, p_answer jsonb
) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  v_words constant text[] := goalpost_private.decisions_of(p_approval);
  v_problem text;
begin
  if p_decision is null or p_decision <> all (v_words) then
    perform goalpost_private.refuse('ZG003', format('a decision is %s here', array_to_string(v_words, ' or ')));
  end if;
  -- Refused and not truncated, because later steps read the whole comment.
  if length(p_comment) > 4000 then
    perform goalpost_private.refuse('ZG003', 'a comment has at most 4000 characters');
  end if;
  if p_edited is not null and (p_decision <> 'approved' or p_approval.subject is null or p_approval.kind = 'renewal') then
    perform goalpost_private.refuse('ZG003', 'there is nothing to edit here',
      'approve a call, a content, a plan or a budget with what you make of it; reject anything else with a comment');
  end if;
  if p_answer is not null and p_decision not in ('answered', 'happened') then
    perform goalpost_private.refuse('ZG003', 'there is nothing to answer here', 'say it in the comment');
  end if;
  perform goalpost_private.refuse_unfit_shape('it', p_edited, 262144);
  perform goalpost_private.refuse_unfit_shape('it', p_answer, 65536);
  v_problem := case
    when p_decision = 'answered' then
      goalpost_private.json_problem(coalesce(p_approval.answer_schema, '{"type": "string", "minLength": 1}'),
                                    coalesce(p_answer, 'null'), 'the answer')
    when p_edited is not null then goalpost_private.edit_problem(p_approval, p_edited) end;
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
end
$$;

-- Returns why a person's own cap cannot be set; null if it can.
create function goalpost_private.budget_edit_problem(p_subject jsonb, p_edited jsonb) returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    goalpost_private.json_problem(
      '{"type": "object", "required": ["scope", "key", "max_microusd", "max_tokens"], "additionalProperties": false,
        "properties": {"scope": {"type": "string"}, "key": {"type": "string"},
                       "max_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
                       "max_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000}}}',
      p_edited, 'the budget'),
    case when p_edited - 'max_microusd' - 'max_tokens' <> p_subject - 'max_microusd' - 'max_tokens'
         then 'the budget must be the one that was asked about' end)
$$;

-- Returns why a call cannot be made with these arguments; null if it can. The tool is built in, or one of the
-- workspace's MCP tools.
create function goalpost_private.arguments_edit_problem(p_approval goalpost.approvals, p_edited jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_name constant text := (
    select c.tool from goalpost.tool_calls c
     where c.run_id = p_approval.run_id and c.step_key = p_approval.step_key and c.number = p_approval.call_number);
  v_tool constant goalpost.tools := goalpost_private.find_tool(p_approval.workspace_id, v_name);
begin
  if v_tool.name is null then
    return format('the arguments of %s cannot be checked: the tool is not there or not approved any more; reject the call, '
                  'or approve it as it is', left(v_name, 200));
  end if;
  return goalpost_private.json_problem(v_tool.parameters || '{"type": "object"}', p_edited, 'the arguments');
end
$$;

-- Returns why the edited content of a step cannot replace it; null if it can. A call stays a call of that tool.
create function goalpost_private.content_edit_problem(p_approval goalpost.approvals, p_edited jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_parameters constant jsonb := (
    goalpost_private.find_tool(p_approval.workspace_id, p_approval.subject ->> 'tool')).parameters;
begin
  if jsonb_typeof(p_edited) <> 'object' then
    return 'the content must be an object';
  elsif not goalpost_private.is_tool_call(p_approval.subject) then
    return null;
  elsif p_edited -> 'tool' is distinct from p_approval.subject -> 'tool' then
    return format('the content must stay a call of %s: {"tool", "arguments"}', left(p_approval.subject ->> 'tool', 200));
  end if;
  return goalpost_private.json_problem(
    coalesce(v_parameters, '{}') || '{"type": "object"}', p_edited -> 'arguments', 'the arguments');
end
$$;

-- Returns why an edited subject cannot replace the original; null if it can. A plan is checked when it takes effect.
create function goalpost_private.edit_problem(p_approval goalpost.approvals, p_edited jsonb) returns text
language sql stable
set search_path = ''
as $$
  select case p_approval.kind
    when 'tool_call' then goalpost_private.arguments_edit_problem(p_approval, p_edited)
    when 'step' then goalpost_private.content_edit_problem(p_approval, p_edited)
    when 'budget' then goalpost_private.budget_edit_problem(p_approval.subject, p_edited)
    when 'improvement' then goalpost_private.improvement_edit_problem(p_approval, p_edited)
    when 'verdict' then goalpost_private.json_problem(
      '{"type": "object", "required": ["verdicts"], "additionalProperties": false, "properties": {"verdicts": {
         "type": "array", "maxItems": 1000, "items": {
           "type": "object", "required": ["number", "verdict"], "additionalProperties": false, "properties": {
             "number": {"type": "integer", "minimum": 1, "maximum": 1000}, "verdict": {"enum": ["met", "unmet"]}}}}}}',
      p_edited, 'the verdicts')
    else goalpost_private.json_problem('{"type": "object", "required": ["plan"]}', p_edited, 'the plan') end
$$;

-- Refuses to approve a subject that has changed since the approval was opened, or that another person has edited since:
-- ZG004.
create function goalpost_private.refuse_changed_subject(
  p_approval goalpost.approvals, p_edited jsonb, p_subject_hash text
) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  v_version constant text := coalesce(goalpost_private.hash_of(p_approval.edited), p_approval.subject_hash);
begin
  if p_approval.call_number is not null and not exists (
    select from goalpost.tool_calls c
     where c.run_id = p_approval.run_id and c.step_key = p_approval.step_key and c.number = p_approval.call_number
       and c.arguments_hash = p_approval.subject_hash and goalpost_private.hash_of(c.arguments) = p_approval.subject_hash
       and c.state = case p_approval.kind when 'outcome_unknown' then 'unknown' else 'waiting' end)
  then
    perform goalpost_private.refuse('ZG004', 'the call is not any more what this asked about', 'reject it, or look again');
  end if;
  if p_subject_hash <> v_version
     or (p_subject_hash is null and p_approval.edited is not null and p_edited is null)
  then
    perform goalpost_private.refuse('ZG004', 'another person has edited this since the approval was opened',
      'read it again, and pass the version that you decide on (p_subject_hash)');
  end if;
end
$$;

-- Records a person's edit of the approved subject.
create function goalpost_private.record_correction(p_approval goalpost.approvals, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.corrections
    (approval_id, workspace_id, goal_id, run_id, step_key, kind, tool, agent_id, proposed, corrected, comment,
     corrected_by, created_at)
  select p_approval.id, p_approval.workspace_id, p_approval.goal_id, p_approval.run_id, p_approval.step_key,
         p_approval.kind, c.tool, s.agent_id, p_approval.subject, p_approval.edited, p_approval.comment,
         coalesce(p_approval.edited_by, p_approval.decided_by), p_now
    from goalpost.steps s
    left join goalpost.tool_calls c on c.run_id = s.run_id and c.step_key = s.key and c.number = p_approval.call_number
   where s.run_id = p_approval.run_id and s.key = p_approval.step_key
     and p_approval.state = 'approved' and p_approval.edited <> p_approval.subject
$$;

create function goalpost.decide_approval(
  p_approval_id bigint, p_decision text, p_comment text default null, p_edited jsonb default null,
  p_answer jsonb default null, p_subject_hash text default null
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.decide_approval(p_approval_id, p_decision, p_comment, p_edited, p_answer, p_subject_hash)
$$;

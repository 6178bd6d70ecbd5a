-- The requester's confirmation of edits. Work runs with the rights of its requester. A version that another person
-- edited could therefore do what the editor may not: read rows, write tables, write to other recipients. Such a version
-- stays pending until the requester has approved exactly that version.

-- Returns the arguments of tools that are literal outgoing text: content that is sent unchanged and uses none of the
-- requester's rights. Only these may another person change without the requester. All other arguments are excluded:
-- queries, rows, templates, recipients, addresses, methods, headers, instructions, and all of MCP tools.
create function goalpost_private.literal_text_paths(p_tool text) returns setof text[]
language sql immutable
set search_path = ''
as $$
  select p.path from (values
    ('email', array['subject']), ('email', array['text']), ('email', array['html']),
    ('webhook', array['body', 'text'])) p (tool, path)
   where p.tool = p_tool
$$;

-- Returns a call's arguments with their literal outgoing text left empty. A text with template braces does not count as
-- literal.
create function goalpost_private.without_literal_text(p_tool text, p_arguments jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  v_path text[];
begin
  for v_path in select goalpost_private.literal_text_paths(p_tool) loop
    if jsonb_typeof(p_arguments #> v_path) = 'string' and p_arguments #>> v_path !~ '[{][{%#]' then
      p_arguments := jsonb_set(p_arguments, v_path, '""');
    end if;
  end loop;
  return p_arguments;
end
$$;

-- Returns true if the edited version of an approval uses the requester's rights in another way than the original: any
-- other plan, any other arguments of a call than literal outgoing text, any other content, which later steps may use in
-- queries, another cap of the requester's own work. The caps of a person's day and of the workspace's month belong to
-- the workspace.
create function goalpost_private.edit_uses_requesters_rights(p_approval goalpost.approvals) returns boolean
language sql stable
set search_path = ''
as $$
  select p_approval.edited is not null and p_approval.edited <> p_approval.subject and case p_approval.kind
    when 'budget' then p_approval.subject ->> 'scope' = 'run'
    -- Later work runs with the rights of those who ask for it, and admins may write its runbooks themselves.
    when 'improvement' then false
    when 'step' then goalpost_private.is_tool_call(p_approval.subject) is not true
      or goalpost_private.without_literal_text(p_approval.subject ->> 'tool', p_approval.edited -> 'arguments')
         is distinct from
         goalpost_private.without_literal_text(p_approval.subject ->> 'tool', p_approval.subject -> 'arguments')
    when 'tool_call' then (
      select goalpost_private.without_literal_text(c.tool, p_approval.edited)
             is distinct from goalpost_private.without_literal_text(c.tool, p_approval.subject)
        from goalpost.tool_calls c
       where c.run_id = p_approval.run_id and c.step_key = p_approval.step_key and c.number = p_approval.call_number)
    else true end
$$;

-- Returns the present version of an approval's subject, as the sha256 of its text.
create function goalpost_private.version_of(p_approval goalpost.approvals) returns text
language sql immutable
set search_path = ''
as $$ select coalesce(goalpost_private.hash_of(p_approval.edited), p_approval.subject_hash) $$;

-- Counts the votes for the present version by people who hold the required role now. A vote of a person who was removed
-- or demoted since, or whose role does not suffice after an escalation, does not count.
create function goalpost_private.count_votes(p_approval goalpost.approvals) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select count(*)
      from goalpost.approval_votes v
      join goalpost.members m on m.workspace_id = v.workspace_id and m.user_id = v.user_id
      join goalpost.workflow_runs r on r.id = p_approval.run_id
     where v.approval_id = p_approval.id and v.subject_hash is not distinct from goalpost_private.version_of(p_approval)
       and goalpost_private.role_rank(m.role) >= goalpost_private.role_rank(p_approval.required_role)
       and (p_approval.requester_may_decide or v.user_id <> r.user_id));
end
$$;

-- Returns true if the requester still has to approve the present version.
create function goalpost_private.awaits_requester(p_approval goalpost.approvals) returns boolean
language sql stable
set search_path = ''
as $$
  select (p_approval.requester_confirms
          or p_approval.edited_by <> r.user_id and goalpost_private.edit_uses_requesters_rights(p_approval))
         and not exists (
           select from goalpost.approval_votes v
            where v.approval_id = p_approval.id and v.user_id = r.user_id
              and v.subject_hash is not distinct from goalpost_private.version_of(p_approval))
    from goalpost.workflow_runs r where r.id = p_approval.run_id
$$;

-- Replaces the present version by an edited one; p_edited null restores the original. A plan is checked and estimated
-- again, and requires the role of its new estimate; a role is only ever raised. An estimate from the history of a
-- runbook does not apply to an edited plan. Raises ZG003 for a plan that breaks a rule.
create function goalpost_private.apply_edit(p_approval goalpost.approvals, p_edited jsonb) returns goalpost.approvals
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_message text;
begin
  p_approval.edited := p_edited;
  p_approval.edited_by := case when p_edited is not null then auth.uid() end;
  if p_approval.kind = 'plan' then
    select * into v_run from goalpost.workflow_runs where id = p_approval.run_id;
    v_message := case when p_edited is not null then (goalpost_private.check_planned(v_run, p_edited)).message end;
    if v_message is not null then
      perform goalpost_private.refuse('ZG003', v_message, 'edit the plan, or reject it with what should be different');
    end if;
    p_approval.shown := p_approval.shown || jsonb_build_object(
      'plan', coalesce(p_edited, p_approval.subject) -> 'plan', 'estimate', goalpost_private.estimate_plan(v_run,
      case when p_edited is null or p_edited -> 'plan' = p_approval.subject -> 'plan'
           then p_approval.subject else p_edited - 'runbook_id' end));
    if goalpost_private.role_rank(
         goalpost_private.plan_approval_options(v_run, p_approval.shown -> 'estimate') ->> 'required_role')
       > goalpost_private.role_rank(p_approval.required_role)
    then
      p_approval.required_role :=
        goalpost_private.plan_approval_options(v_run, p_approval.shown -> 'estimate') ->> 'required_role';
    end if;
  end if;
  update goalpost.approvals
     set edited = p_approval.edited, edited_by = p_approval.edited_by, shown = p_approval.shown,
         required_role = p_approval.required_role
   where id = p_approval.id;
  return p_approval;
end
$$;

-- Sets whether the requester or the role decides next.
create function goalpost_private.set_decider(p_approval goalpost.approvals, p_awaits_requester boolean, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.approvals a
     set decider_id = case when p_awaits_requester then r.user_id end
    from goalpost.workflow_runs r
   where a.id = p_approval.id and r.id = a.run_id and (a.decider_id is not null) <> p_awaits_requester;
  if found then
    perform goalpost_private.append_event(p_approval.run_id, p_approval.step_key, 'approval.passed_on',
      jsonb_build_object('approval_id', p_approval.id, 'kind', p_approval.kind, 'by', auth.uid(),
                         'to', case when p_awaits_requester then 'requester' else p_approval.required_role end), p_now);
  end if;
end
$$;

-- Records one person's decision, and returns true if no further one is required. Otherwise the approval stays pending,
-- with the vote and the edited version in it. Called by decide_approval for a pending approval, under the tree's lock.
create function goalpost_private.completes_decision(
  p_approval goalpost.approvals, p_decision text, p_comment text, p_edited jsonb, p_answer jsonb, p_now timestamptz
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_is_requester constant boolean := auth.uid() = (select r.user_id from goalpost.workflow_runs r where r.id = p_approval.run_id);
begin
  if p_decision = 'rejected' then
    if p_approval.decider_id = auth.uid() and p_approval.edited_by <> auth.uid() then
      update goalpost.approvals set answer = null where id = p_approval.id;
      p_approval := goalpost_private.apply_edit(p_approval, null);
      perform goalpost_private.set_decider(p_approval, false, p_now);
      return false;
    end if;
    return true;
  elsif p_approval.kind = 'question' or p_decision = 'not_happened' then
    return true;
  elsif p_decision = 'happened' then
    if p_answer is null or v_is_requester then
      return true;
    end if;
    update goalpost.approvals
       set answer = jsonb_build_object('happened', true, 'result', p_answer), edited_by = auth.uid()
     where id = p_approval.id;
    perform goalpost_private.set_decider(p_approval, true, p_now);
    return false;
  end if;

  if p_edited is distinct from p_approval.edited and p_edited is not null then
    p_approval := goalpost_private.apply_edit(p_approval, p_edited);
  end if;
  insert into goalpost.approval_votes (approval_id, user_id, workspace_id, subject_hash, comment, voted_at)
  values (p_approval.id, auth.uid(), p_approval.workspace_id, goalpost_private.version_of(p_approval), p_comment, p_now)
  on conflict (approval_id, user_id) do update
    set subject_hash = excluded.subject_hash, comment = excluded.comment, voted_at = excluded.voted_at;
  if goalpost_private.count_votes(p_approval) < p_approval.quorum then
    perform goalpost_private.set_decider(p_approval, false, p_now);
    return false;
  end if;
  if goalpost_private.awaits_requester(p_approval) then
    perform goalpost_private.set_decider(p_approval, true, p_now);
    return false;
  end if;
  return true;
end
$$;

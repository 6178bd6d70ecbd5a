-- Who is asking, what they may do, and what they may call. The functions that do it are definer functions in the
-- private schema, since people may write no rows of work; each checks its caller itself.

-- Roles in order of power; null for no role at all.
create function goalpost_private.role_rank(p_role text) returns integer
language sql immutable
set search_path = ''
as $$
  select array_position(array['viewer', 'member', 'approver', 'admin', 'owner'], p_role)
$$;

-- The caller's workspaces in which they are at least this. Policies call it once per statement.
-- Definer: members itself is under row-level security.
create function goalpost_private.my_workspaces(p_least_role text default 'viewer') returns setof uuid
language sql stable security definer
set search_path = ''
as $$
  select m.workspace_id from goalpost.members m
   where m.user_id = (select auth.uid())
     and goalpost_private.role_rank(m.role) >= goalpost_private.role_rank(p_least_role)
$$;

-- Definer: project_admins is under row-level security.
create function goalpost_private.am_project_admin() returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (select from goalpost.project_admins a where a.user_id = (select auth.uid()))
$$;

-- Whether the caller may decide what needs this role in this workspace. Definer: members is under row-level security.
create function goalpost_private.may_decide(p_workspace_id uuid, p_required_role text) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select p_workspace_id in (select goalpost_private.my_workspaces(p_required_role))
$$;

-- Refuses unless the caller is signed in and at least this in the workspace. A workspace that is not the caller's
-- looks like one that does not exist.
create function goalpost_private.require_role(p_workspace_id uuid, p_least_role text) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  v_role text := (select m.role from goalpost.members m
                   where m.workspace_id = p_workspace_id and m.user_id = auth.uid());
begin
  if auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  end if;
  if v_role is null then
    perform goalpost_private.refuse('ZG001', 'there is no such thing, or it is not yours to see');
  end if;
  if goalpost_private.role_rank(v_role) < goalpost_private.role_rank(p_least_role) then
    perform goalpost_private.refuse('ZG002', format('this needs the role %s; yours is %s', p_least_role, v_role),
      'an admin or owner of the workspace can change it');
  end if;
end
$$;

-- Decides an approval: pending -> approved | rejected, and what it is about with it. The first decision wins; later
-- ones are told what it was ("first": false). What may be decided, by kind:
--   step, plan, tool_call, budget   approved (p_edited: what the person made of it), rejected
--   question                        answered, with p_answer; rejected
--   outcome_unknown                 happened (p_answer: its result), not_happened (do it again), rejected (give it up)
-- Where a quorum is asked for, different people approve one version of it, and one rejects. p_subject_hash: the version
-- that the person saw; needed where another has edited it. Raises ZG001, ZG002 (role, or whoever asked where that is
-- excluded), ZG003 (no such decision, or of another shape than it has to be), ZG004 (what it is about has changed),
-- ZG007. Locks the tree. Definer: people may not write steps.
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
  perform goalpost_private.require_role(v_approval.workspace_id, v_approval.required_role);
  perform goalpost_private.refuse_requester(v_approval);
  perform goalpost_private.refuse_unfit_decision(v_approval, p_decision, p_comment, p_edited, p_answer);

  perform goalpost_private.lock_trees(array[v_approval.run_id]);
  v_now := goalpost_private.clock();
  select * into v_approval from goalpost.approvals where id = p_approval_id;
  if v_approval.state = 'pending' and v_approval.expires_at <= v_now then
    perform goalpost_private.ring(goalpost_private.expire_approval(v_approval, v_now), '[]', v_now);
  elsif v_approval.state = 'pending' and v_state = 'approved' then
    perform goalpost_private.refuse_changed_subject(v_approval, p_edited, p_subject_hash);
    if v_approval.quorum > 1 and not goalpost_private.completes_quorum(v_approval, p_comment, p_edited, v_now) then
      return goalpost_private.describe_decision(p_approval_id, true);
    end if;
  end if;

  update goalpost.approvals
     set state = v_state, decided_by = auth.uid(), decided_at = v_now, comment = p_comment,
         edited = coalesce(p_edited, edited),
         answer = case p_decision
                    when 'happened' then jsonb_build_object('happened', true, 'result', coalesce(p_answer, 'null'))
                    when 'not_happened' then '{"happened": false}' else p_answer end
   where id = p_approval_id and state = 'pending'
  returning * into v_approval;
  if found then
    v_first := true;
    perform goalpost_private.keep_correction(v_approval, v_now);
    perform goalpost_private.ring(goalpost_private.settle_approval(v_approval, v_now), '[]', v_now);
  end if;
  return goalpost_private.describe_decision(p_approval_id, v_first);
end
$$;

-- What became of an approval, for whoever tried to decide it.
create function goalpost_private.describe_decision(p_approval_id bigint, p_first boolean) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object('approval_id', a.id, 'state', a.state, 'first', p_first, 'decided_by', a.decided_by,
                            'decided_at', a.decided_at)
         || case when a.quorum > 1 then jsonb_build_object(
              'quorum', a.quorum, 'votes', (select count(*) from goalpost.approval_votes v
                                             where v.approval_id = a.id
                                               and v.subject_hash is not distinct from
                                                   coalesce(goalpost_private.hash_of(a.edited), a.subject_hash))) else '{}' end
    from goalpost.approvals a where a.id = p_approval_id
$$;

-- Refuses whoever asked for the work, where others have to decide.
create function goalpost_private.refuse_requester(p_approval goalpost.approvals) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if not p_approval.requester_may_decide and exists (
    select from goalpost.workflow_runs r where r.id = p_approval.run_id and r.user_id = auth.uid())
  then
    perform goalpost_private.refuse('ZG002', 'whoever asked for the work may not decide this', 'somebody else has to');
  end if;
end
$$;

-- Refuses a decision that this kind of approval does not have, or whose comment, edit or answer is out of bounds or of
-- another shape than it has to be: ZG003, or ZG007 for one that is too large.
create function goalpost_private.refuse_unfit_decision(
  p_approval goalpost.approvals, p_decision text, p_comment text, p_edited jsonb, p_answer jsonb
) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  v_words constant text[] := case p_approval.kind
    when 'question' then array['answered', 'rejected']
    when 'outcome_unknown' then array['happened', 'not_happened', 'rejected']
    else array['approved', 'rejected'] end;
  v_problem text;
begin
  if p_decision is null or p_decision <> all (v_words) then
    perform goalpost_private.refuse('ZG003', format('a decision is %s here', array_to_string(v_words, ' or ')));
  end if;
  -- Not cut: it is what the person said, and later steps read it.
  if length(p_comment) > 4000 then
    perform goalpost_private.refuse('ZG003', 'a comment has at most 4000 characters');
  end if;
  if p_edited is not null and (p_decision <> 'approved' or p_approval.kind = 'step') then
    perform goalpost_private.refuse('ZG003', 'there is nothing to edit here',
      'approve a call, a plan or a budget with what you make of it; reject anything else with a comment');
  end if;
  if p_answer is not null and p_decision not in ('answered', 'happened') then
    perform goalpost_private.refuse('ZG003', 'there is nothing to answer here', 'say it in the comment');
  end if;
  v_problem := coalesce(goalpost_private.shape_problem(p_edited, 262144), goalpost_private.shape_problem(p_answer, 65536));
  if v_problem is not null then
    perform goalpost_private.refuse(case when v_problem like '%bytes' then 'ZG007' else 'ZG003' end, 'it ' || v_problem);
  end if;
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

-- Why what a person made of a subject cannot stand in its place; null: it can. A plan is checked when it takes effect.
create function goalpost_private.edit_problem(p_approval goalpost.approvals, p_edited jsonb) returns text
language sql stable
set search_path = ''
as $$
  select case p_approval.kind
    when 'tool_call' then goalpost_private.json_problem(
      coalesce((select t.parameters from goalpost.tool_calls c join goalpost.tools t on t.name = c.tool
                 where c.run_id = p_approval.run_id and c.step_key = p_approval.step_key
                   and c.number = p_approval.call_number), '{}') || '{"type": "object"}',
      p_edited, 'the arguments')
    when 'budget' then goalpost_private.budget_edit_problem(p_approval.subject, p_edited)
    else goalpost_private.json_problem('{"type": "object", "required": ["plan"]}', p_edited, 'the plan') end
$$;

-- Refuses to approve what is not there any more as it was asked about, or what another has edited since: ZG004.
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
    perform goalpost_private.refuse('ZG004', 'somebody has edited this since it was asked',
      'look at it again, and say which version you mean (p_subject_hash)');
  end if;
end
$$;

-- Counts a vote, one for each person and for one version; whether it was the last that was needed. An edit makes a new
-- version, with no votes but its own.
create function goalpost_private.completes_quorum(
  p_approval goalpost.approvals, p_comment text, p_edited jsonb, p_now timestamptz
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_version constant text := coalesce(
    goalpost_private.hash_of(coalesce(p_edited, p_approval.edited)), p_approval.subject_hash);
begin
  update goalpost.approvals set edited = p_edited where id = p_approval.id and p_edited is not null;
  insert into goalpost.approval_votes (approval_id, user_id, workspace_id, subject_hash, comment, voted_at)
  values (p_approval.id, auth.uid(), p_approval.workspace_id, v_version, p_comment, p_now)
  on conflict (approval_id, user_id) do update
    set subject_hash = excluded.subject_hash, comment = excluded.comment, voted_at = excluded.voted_at;
  return (select count(*) >= p_approval.quorum from goalpost.approval_votes v
           where v.approval_id = p_approval.id and v.subject_hash is not distinct from v_version);
end
$$;

-- Keeps what a person changed before they approved it.
create function goalpost_private.keep_correction(p_approval goalpost.approvals, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  insert into goalpost.corrections
    (approval_id, workspace_id, goal_id, run_id, step_key, kind, tool, agent_id, proposed, corrected, comment,
     corrected_by, created_at)
  select p_approval.id, p_approval.workspace_id, p_approval.goal_id, p_approval.run_id, p_approval.step_key,
         p_approval.kind, c.tool, s.agent_id, p_approval.subject, p_approval.edited, p_approval.comment,
         p_approval.decided_by, p_now
    from goalpost.steps s
    left join goalpost.tool_calls c on c.run_id = s.run_id and c.step_key = s.key and c.number = p_approval.call_number
   where s.run_id = p_approval.run_id and s.key = p_approval.step_key
     and p_approval.state = 'approved' and p_approval.edited <> p_approval.subject
$$;

-- What waits for the caller, the longest first, with its age in seconds: goalpost.inbox as one JSON array, of one
-- workspace or of all. Definer: the database's clock is not for people. Reads only.
create function goalpost_private.read_inbox(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
             to_jsonb(i) || jsonb_build_object(
               'waiting_seconds', floor(extract(epoch from goalpost_private.clock() - i.requested_at)))
             order by i.requested_at, i.approval_id), '[]')
      from goalpost.inbox i
     where p_workspace_id is null or i.workspace_id = p_workspace_id);
end
$$;

-- Cancels a request and all that followed from it: -> cancelled. Safe to repeat. Allowed to whoever asked, and to
-- admins. Definer: people may not write runs and steps.
create function goalpost_private.cancel_request(p_request_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_request goalpost.requests;
  v_run_id bigint;
  v_reason constant text := 'cancelled by a person';
begin
  select * into v_request from goalpost.requests where id = p_request_id;
  perform goalpost_private.require_role(
    v_request.workspace_id, case when v_request.user_id = auth.uid() then 'member' else 'admin' end);

  -- A request that nobody looked at yet has no tree: its own row is the lock.
  update goalpost.requests set state = 'cancelled', reason = v_reason, ended_at = goalpost_private.clock()
   where id = p_request_id and state = 'submitted';
  if not found then
    select min(r.id) into v_run_id from goalpost.workflow_runs r
     where r.workspace_id = v_request.workspace_id and r.request_id = p_request_id;
    perform goalpost_private.lock_trees(array[v_run_id]);
    v_now := goalpost_private.clock();
    perform goalpost_private.end_run(r.id, 'cancelled', v_reason, null, null, v_now)
       from goalpost.workflow_runs r
      where r.workspace_id = v_request.workspace_id and r.request_id = p_request_id and r.state = 'running'
        and r.parent_goal_id is null;
  end if;
  return (select jsonb_build_object('request_id', q.id, 'state', q.state)
            from goalpost.requests q where q.id = p_request_id);
end
$$;

-- Cancels a goal with its sub-goals: -> cancelled. The parent's step, or the request, hears of it. Safe to repeat.
-- Definer: people may not write runs and steps.
create function goalpost_private.cancel_goal(p_goal_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_goal goalpost.goals;
  v_run_id bigint;
begin
  select * into v_goal from goalpost.goals where id = p_goal_id;
  perform goalpost_private.require_role(
    v_goal.workspace_id, case when v_goal.user_id = auth.uid() then 'member' else 'admin' end);
  select r.id into v_run_id from goalpost.workflow_runs r
   where r.workspace_id = v_goal.workspace_id and r.goal_id = p_goal_id;
  perform goalpost_private.lock_trees(array[v_run_id]);
  v_now := goalpost_private.clock();
  perform goalpost_private.ring(
    goalpost_private.end_run(v_run_id, 'cancelled', 'cancelled by a person', null, null, v_now), '[]', v_now);
  return (select jsonb_build_object('goal_id', g.id, 'state', g.state) from goalpost.goals g where g.id = p_goal_id);
end
$$;

-- Tries a failed step again, with fresh attempts, and brings back what its failure ended: the run, the goal, the goals
-- above, the request. Raises ZG001, ZG002, ZG004 (retried already, or the run went on without it). Locks the tree.
-- Definer: people may not write runs and steps.
create function goalpost_private.retry_dead_letter(p_dead_letter_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_letter goalpost.dead_letters;
  v_functions text[];
begin
  select * into v_letter from goalpost.dead_letters where id = p_dead_letter_id;
  perform goalpost_private.require_role(v_letter.workspace_id, 'member');
  perform goalpost_private.lock_trees(array[v_letter.run_id]);
  v_now := goalpost_private.clock();

  update goalpost.dead_letters set retried_at = v_now, retried_by = auth.uid()
   where id = p_dead_letter_id and retried_at is null;
  if not found then
    perform goalpost_private.refuse('ZG004', 'this dead letter was retried already');
  end if;
  v_functions := goalpost_private.reopen_run(v_letter.run_id, v_letter.step_key, v_now);
  perform goalpost_private.ring(v_functions, '[]', v_now);
  return (select jsonb_build_object('run_id', s.run_id, 'step_key', s.key, 'state', s.state)
            from goalpost.steps s where s.run_id = v_letter.run_id and s.key = v_letter.step_key);
end
$$;

-- Brings a failed run back, from the top of its tree down: failed -> running. The named step is tried again (a
-- sub-goal step goes back to waiting); what was cancelled with the run is pending again.
-- Raises ZG004 unless that step is what each of these runs failed with: a run that ended otherwise, or went on
-- without it, has nothing to be brought back to.
create function goalpost_private.reopen_run(p_run_id bigint, p_step_key text, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_goal goalpost.goals;
  v_functions text[] := '{}';
begin
  if not exists (
    select from goalpost.steps s join goalpost.workflow_runs r on r.id = s.run_id
     where s.run_id = p_run_id and s.key = p_step_key and s.state = 'failed' and r.state = 'failed'
       and (s.on_failure = 'fail' or s.ends_run))
  then
    perform goalpost_private.refuse('ZG004', 'the run has gone on without this step, or was cancelled; ask again instead');
  end if;

  update goalpost.workflow_runs r
     set state = 'running', reason = null, result = null, ended_at = null,
         deadline_at = p_now + make_interval(secs => l.max_run_seconds)
    from goalpost_private.limits l
   where r.id = p_run_id and r.state = 'failed'
  returning r.* into v_run;
  update goalpost.goals set state = 'active', reason = null, result = null, report = null, ended_at = null
   where id = v_run.goal_id
  returning * into v_goal;
  if v_goal.parent_run_id is not null then
    v_functions := goalpost_private.reopen_run(v_goal.parent_run_id, v_goal.parent_step_key, p_now);
  else
    update goalpost.requests
       set state = 'accepted', reason = null, answer = null, answer_text = null, ended_at = null
     where id = v_run.request_id and state = 'failed';
  end if;
  update goalpost.agent_instances set state = 'open', closed_at = null where run_id = p_run_id and state = 'closed';
  perform goalpost_private.append_event(p_run_id, p_step_key, 'run.reopened', null, p_now);

  update goalpost.steps s
     set state = case s.kind when 'subgoal' then 'waiting' else 'ready' end,
         attempt = s.attempt + 1, max_attempts = s.attempt + 3, run_after = case s.kind when 'subgoal' then null else p_now end,
         started_at = null, ended_at = null, error = null
   where s.run_id = p_run_id and s.key = p_step_key and s.state = 'failed'
  returning v_functions || goalpost_private.function_of(s.kind) into v_functions;

  update goalpost.steps s
     set state = 'pending', ended_at = null, started_at = null,
         remaining_dependencies = (
           select count(*) from goalpost.steps o
            where o.run_id = s.run_id and o.key = any (s.depends_on)
              and o.state not in ('completed', 'failed', 'skipped'))
   where s.run_id = p_run_id and s.state = 'cancelled';
  return array_remove(v_functions, null) || goalpost_private.ready_steps(
    p_run_id,
    array(select key from goalpost.steps where run_id = p_run_id and state = 'pending' and remaining_dependencies = 0),
    p_now);
end
$$;

-- Makes a workspace; the caller owns it. Raises ZG006 beyond the cap of one person: each workspace has a cap of open
-- requests, so that without one on workspaces there would be none. Definer: people may not write members.
create function goalpost_private.create_workspace(p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
begin
  if auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  end if;
  if coalesce(length(trim(p_name)), 0) not between 1 and 200 then
    perform goalpost_private.refuse('ZG003', 'a workspace has a name of 1 to 200 characters');
  end if;
  -- The person is the lock: two calls at once do not both find room for one more.
  perform pg_advisory_xact_lock(hashtextextended('goalpost.create_workspace.' || auth.uid(), 0));
  if (select count(*) from goalpost.workspaces w where w.created_by = auth.uid())
     >= (select l.max_workspaces_per_person from goalpost_private.limits l) then
    perform goalpost_private.refuse('ZG006', 'you have made as many workspaces as one person may',
      'use one of them, or ask a project admin');
  end if;
  insert into goalpost.workspaces (name, created_by) values (trim(p_name), auth.uid()) returning id into v_workspace_id;
  insert into goalpost.members (workspace_id, user_id, role) values (v_workspace_id, auth.uid(), 'owner');
  return jsonb_build_object('workspace_id', v_workspace_id);
end
$$;

-- Makes a person a member, or changes their role. Admins may give roles up to their own. The last owner stays.
-- Definer: people may not write members.
create function goalpost_private.add_member(p_workspace_id uuid, p_user_id uuid, p_role text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  if goalpost_private.role_rank(p_role) is null then
    perform goalpost_private.refuse('ZG003', 'a role is viewer, member, approver, admin or owner');
  end if;
  -- The workspace's row is the lock: two owners cannot demote each other at once.
  perform from goalpost.workspaces where id = p_workspace_id for no key update;
  perform goalpost_private.require_role(p_workspace_id, p_role);
  perform goalpost_private.require_role(
    p_workspace_id, coalesce((select m.role from goalpost.members m
                               where m.workspace_id = p_workspace_id and m.user_id = p_user_id), 'viewer'));
  if not exists (select from auth.users u where u.id = p_user_id) then
    perform goalpost_private.refuse('ZG001', 'there is no such person');
  end if;
  insert into goalpost.members (workspace_id, user_id, role) values (p_workspace_id, p_user_id, p_role)
  on conflict (workspace_id, user_id) do update set role = excluded.role;
  if not exists (select from goalpost.members m where m.workspace_id = p_workspace_id and m.role = 'owner') then
    perform goalpost_private.refuse('ZG004', 'a workspace keeps at least one owner');
  end if;
  return jsonb_build_object('workspace_id', p_workspace_id, 'user_id', p_user_id, 'role', p_role);
end
$$;

-- The exposed face: invoker functions, so that nothing exposed runs with more rights than its caller has.
create function goalpost.accept_request(
  p_workspace_id uuid, p_question text, p_idempotency_key text default null, p_context jsonb default '{}',
  p_runbook text default null, p_parameters jsonb default '{}', p_budget jsonb default '{}'
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.accept_requests(
    p_workspace_id,
    jsonb_build_array(jsonb_build_object(
      'question', p_question, 'idempotency_key', p_idempotency_key, 'context', p_context,
      'runbook', p_runbook, 'parameters', p_parameters, 'budget', p_budget))) -> 0
$$;

create function goalpost.accept_requests(p_workspace_id uuid, p_requests jsonb) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.accept_requests(p_workspace_id, p_requests) $$;

create function goalpost.decide_approval(
  p_approval_id bigint, p_decision text, p_comment text default null, p_edited jsonb default null,
  p_answer jsonb default null, p_subject_hash text default null
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.decide_approval(p_approval_id, p_decision, p_comment, p_edited, p_answer, p_subject_hash)
$$;

create function goalpost.read_inbox(p_workspace_id uuid default null) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.read_inbox(p_workspace_id) $$;

create function goalpost.cancel_request(p_request_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.cancel_request(p_request_id) $$;

create function goalpost.cancel_goal(p_goal_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.cancel_goal(p_goal_id) $$;

create function goalpost.retry_dead_letter(p_dead_letter_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.retry_dead_letter(p_dead_letter_id) $$;

create function goalpost.create_workspace(p_name text) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.create_workspace(p_name) $$;

create function goalpost.add_member(p_workspace_id uuid, p_user_id uuid, p_role text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.add_member(p_workspace_id, p_user_id, p_role) $$;

create function goalpost.revoke_memory(p_memory_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.revoke_memory(p_memory_id) $$;

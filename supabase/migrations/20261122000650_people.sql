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

-- Decides an approval: pending -> approved | rejected, and the waiting step with it. The first decision wins; later
-- ones are told what it was ("first": false). Raises ZG001, ZG002, ZG003. Locks the tree.
-- Definer: people may not write steps.
create function goalpost_private.decide_approval(p_approval_id bigint, p_decision text, p_comment text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_approval goalpost.approvals;
  v_first boolean := false;
begin
  select * into v_approval from goalpost.approvals where id = p_approval_id;
  perform goalpost_private.require_role(v_approval.workspace_id, v_approval.required_role);
  if p_decision is null or p_decision not in ('approved', 'rejected') then
    perform goalpost_private.refuse('ZG003', 'a decision is approved or rejected');
  end if;
  -- Not cut: it is what the person said, and later steps read it.
  if length(p_comment) > 4000 then
    perform goalpost_private.refuse('ZG003', 'a comment has at most 4000 characters');
  end if;

  perform goalpost_private.lock_trees(array[v_approval.run_id]);
  v_now := goalpost_private.clock();
  update goalpost.approvals
     set state = p_decision, decided_by = auth.uid(), decided_at = v_now, comment = p_comment
   where id = p_approval_id and state = 'pending'
  returning * into v_approval;
  if found then
    v_first := true;
    perform goalpost_private.ring(goalpost_private.settle_approval(v_approval, v_now), '[]', v_now);
  else
    select * into v_approval from goalpost.approvals where id = p_approval_id;
  end if;
  return jsonb_build_object('approval_id', v_approval.id, 'state', v_approval.state, 'first', v_first,
                            'decided_by', v_approval.decided_by, 'decided_at', v_approval.decided_at);
end
$$;

-- What a decision (or its absence) does to the step that waits for it.
create function goalpost_private.settle_approval(p_approval goalpost.approvals, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
begin
  select * into v_step from goalpost.steps
   where run_id = p_approval.run_id and key = p_approval.step_key and state = 'waiting';
  if not found then
    return '{}';
  end if;
  perform goalpost_private.append_event(
    p_approval.run_id, p_approval.step_key, 'approval.' || p_approval.state, null, p_now);
  if p_approval.state = 'approved' or p_approval.on_reject = 'continue' then
    return goalpost_private.complete_step(
      v_step,
      jsonb_build_object('decision', p_approval.state, 'comment', p_approval.comment, 'decided_by', p_approval.decided_by),
      p_now);
  end if;
  return goalpost_private.fail_step(
    v_step,
    jsonb_build_object('code', p_approval.state, 'retryable', false,
      'message', case p_approval.state when 'expired' then 'nobody decided in time'
                 else 'rejected' || coalesce(': ' || nullif(p_approval.comment, ''), '') end),
    'failed', p_now);
end
$$;

-- Cancels a request and all that followed from it: -> cancelled. Safe to repeat. Allowed to whoever asked, and to admins.
-- Definer: people may not write runs and steps.
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

-- Tries a failed step again, with fresh attempts, and brings back what its failure ended: the run, the goal, the
-- goals above, the request. Raises ZG001, ZG002, ZG004 (retried already, or the run went on without it). Locks the tree.
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
  p_runbook text default null, p_parameters jsonb default '{}'
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.accept_requests(
    p_workspace_id,
    jsonb_build_array(jsonb_build_object(
      'question', p_question, 'idempotency_key', p_idempotency_key, 'context', p_context,
      'runbook', p_runbook, 'parameters', p_parameters))) -> 0
$$;

create function goalpost.accept_requests(p_workspace_id uuid, p_requests jsonb) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.accept_requests(p_workspace_id, p_requests) $$;

create function goalpost.decide_approval(p_approval_id bigint, p_decision text, p_comment text default null)
returns jsonb language sql set search_path = ''
as $$ select goalpost_private.decide_approval(p_approval_id, p_decision, p_comment) $$;

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

-- What a claimed step is told (step_context), how runbooks are matched, and what people may call.

-- The lexemes of a text, without order: what text matching compares.
create function goalpost_private.lexemes(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$
  select tsvector_to_array(to_tsvector('pg_catalog.english', p_text))
$$;

-- How well a question fits a runbook, 0 to 1: 0.6 × the best cosine of word sets over the title and the examples,
-- + 0.4 × the share of the question's words that the runbook knows at all; half of that where they share one word
-- alone, because "write a poem" is not "write the weekly review".
create function goalpost_private.score_runbook(p_question text[], p_runbook goalpost.runbooks) returns numeric
language sql immutable
set search_path = ''
as $$
  -- Materialized: each text is taken apart once, not once per word.
  with phrase as materialized (
    select goalpost_private.lexemes(t) as words
      from unnest(p_runbook.examples || p_runbook.title) t
  ),
  known as materialized (
    select goalpost_private.lexemes(
             concat_ws(' ', p_runbook.title, p_runbook.description, replace(p_runbook.goal_type, '_', ' '),
                       array_to_string(p_runbook.examples, ' '))) as words
  ),
  best as (
    select max(o.shared / sqrt(cardinality(p.words)::numeric * cardinality(p_question))) as cosine
      from phrase p
     cross join lateral (select count(*)::numeric as shared from unnest(p.words) w where w = any (p_question)) o
     where cardinality(p.words) > 0
  )
  select case when cardinality(p_question) = 0 then 0 else
           round((0.6 * coalesce((select cosine from best), 0) + 0.4 * s.shared / cardinality(p_question))
                 * least(1, s.shared / 2), 3) end
    from known k
   cross join lateral (select count(*)::numeric as shared from unnest(p_question) q where q = any (k.words)) s
$$;

-- Runbooks for a question, best first, at most five, with the words that speak for each and whether this person
-- may use it. What makes a question is said in its first 4000 characters; the rest is not looked at, since every
-- claim of an assessment or a plan waits for this.
create function goalpost_private.match_runbooks(p_question text, p_workspace_id uuid, p_user_id uuid)
returns table (runbook_id bigint, name text, version integer, title text, goal_type text, score numeric, reasons jsonb,
               allowed boolean, refusal text, plan jsonb)
language sql stable
set search_path = ''
as $$
  with question as materialized (select goalpost_private.lexemes(left(p_question, 4000)) as words),
  known as materialized (
    select b, goalpost_private.lexemes(concat_ws(' ', b.title, b.description, array_to_string(b.examples, ' '))) as words
      from goalpost.runbooks b
     where b.state = 'active' and (b.workspace_id is null or b.workspace_id = p_workspace_id)
  ),
  scored as (
    select b, goalpost_private.score_runbook(q.words, b) as score,
           (select coalesce(jsonb_agg(w order by w), '[]') from unnest(q.words) w where w = any (k.words)) as shared
      from question q, known k
  )
  select (b).id, (b).name, (b).version, (b).title, (b).goal_type, score,
         jsonb_build_array('shared words: ' || coalesce((select string_agg(w, ', ') from jsonb_array_elements_text(shared) w), 'none')),
         r.refusal is null, r.refusal, (b).plan
    from scored
   cross join lateral (select goalpost_private.runbook_refusal(b, p_user_id) as refusal) r
   where score > 0
   order by score desc, (b).name
   limit 5
$$;

-- The same for a goal's run: its title and description stand in for the question; at the root, the question itself.
create function goalpost_private.match_runbooks_of_run(p_run goalpost.workflow_runs)
returns table (runbook_id bigint, name text, version integer, title text, goal_type text, score numeric, reasons jsonb,
               allowed boolean, refusal text, plan jsonb)
language sql stable
set search_path = ''
as $$
  select m.*
    from goalpost.goals g
    join goalpost.requests q on q.id = g.request_id
   cross join lateral goalpost_private.match_runbooks(
     case when g.parent_goal_id is null then q.question else g.title || ' ' || g.description end,
     p_run.workspace_id, p_run.user_id) m
   where g.id = p_run.goal_id
$$;

-- Schemas that the asker's SQL may name: the workspace's; for a project admin the catalog too.
create function goalpost_private.readable_schemas(p_workspace_id uuid, p_user_id uuid) returns text[]
language sql stable
set search_path = ''
as $$
  select w.readable_schemas
         || case when exists (select from goalpost.project_admins a where a.user_id = p_user_id)
                 then array['pg_catalog', 'information_schema'] else '{}' end
    from goalpost.workspaces w where w.id = p_workspace_id
$$;

-- Tables of the workspace's schemas that signed-in people may read, with their columns: what a planner may build on.
create function goalpost_private.readable_tables(p_workspace_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'schema', t.schema, 'name', t.name, 'estimated_rows', t.estimated_rows, 'columns', t.columns)
           order by t.schema, t.name), '[]')
    from (
      select n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::bigint as estimated_rows,
             (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                               order by a.attnum)
                from pg_catalog.pg_attribute a
               where a.attrelid = c.oid and a.attnum between 1 and 40 and not a.attisdropped) as columns
        from goalpost.workspaces w
        join pg_catalog.pg_namespace n on n.nspname = any (w.readable_schemas)
        join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
       where w.id = p_workspace_id and has_table_privilege('authenticated', c.oid, 'select')
       order by n.nspname, c.relname
       limit 60) t
$$;

-- How a tool is described to a model.
create function goalpost_private.describe_tools(p_names text[]) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(t) order by t.name), '[]') from goalpost.tools t
   where p_names is null or t.name = any (p_names)
$$;

create function goalpost_private.describe_goal(p_goal_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'goal_id', g.id, 'title', g.title, 'description', g.description, 'goal_type', g.goal_type,
           'depth', g.depth, 'context', g.context,
           'criteria', (select coalesce(jsonb_agg(jsonb_build_object(
                                  'number', c.number, 'description', c.description, 'check', c.check_expression)
                                  order by c.number), '[]')
                          from goalpost.goal_criteria c where c.goal_id = g.id))
    from goalpost.goals g where g.id = p_goal_id
$$;

-- How the steps of a run ended, for a judge or for planning again. Where not all results fit, those of the newest
-- revision are told, and the smallest.
create function goalpost_private.describe_steps(p_run_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'key', s.key, 'kind', s.kind, 'title', s.title, 'state', s.state,
           'result', goalpost_private.fitting_result(s.result, s.told_bytes), 'error', s.error)
           order by s.revision, s.ended_at, s.key), '[]')
    from (
      select *, coalesce(sum(octet_length(result::text))
                  over (order by revision desc, octet_length(result::text), key), 0) as told_bytes
        from goalpost.steps
       where run_id = p_run_id and kind not in ('assess', 'plan', 'judge')) s
$$;

-- All that the worker of a step has to know beyond its input, by kind. Claimed and described in one call.
create function goalpost_private.step_context(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_question text := (select q.question from goalpost.requests q where q.id = p_run.request_id);
begin
  return case p_step.kind
    when 'assess' then goalpost_private.context_to_assess(p_run)
    when 'plan' then goalpost_private.context_to_plan(p_step, p_run)
    when 'judge' then goalpost_private.context_to_judge(p_run)
    else goalpost_private.context_to_work(p_step, p_run)
  end || jsonb_build_object('question', v_question);
end
$$;

-- All that a worker is told about a step that it claimed, its context included.
create function goalpost_private.describe_claimed(p_step goalpost.steps, p_now timestamptz) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'run_id', p_step.run_id, 'step_key', p_step.key, 'kind', p_step.kind, 'title', p_step.title,
           'lease_epoch', p_step.lease_epoch, 'attempt', p_step.attempt, 'max_attempts', p_step.max_attempts,
           'timeout_seconds', p_step.timeout_seconds, 'workspace_id', p_step.workspace_id,
           'goal_id', r.goal_id, 'request_id', r.request_id, 'input', p_step.input,
           'context', goalpost_private.step_context(p_step, r) || jsonb_build_object('now', p_now))
    from goalpost.workflow_runs r where r.id = p_step.run_id
$$;

create function goalpost_private.context_to_assess(p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'context', q.context,
           'runbooks', (select coalesce(jsonb_agg(to_jsonb(m) - 'plan' order by m.score desc), '[]')
                          from goalpost_private.match_runbooks(q.question, q.workspace_id, q.user_id) m),
           'tools', goalpost_private.describe_tools(null),
           'tables', goalpost_private.readable_tables(q.workspace_id))
    from goalpost.requests q where q.id = p_run.request_id
$$;

create function goalpost_private.context_to_plan(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'goal', goalpost_private.describe_goal(p_run.goal_id),
           'runbooks', (select coalesce(jsonb_agg(to_jsonb(m) order by m.score desc), '[]')
                          from goalpost_private.match_runbooks_of_run(p_run) m),
           'agents', (select coalesce(jsonb_agg(jsonb_build_object('name', a.name, 'role', a.role, 'tools', a.tools)), '[]')
                        from goalpost_private.agents_of(p_run.workspace_id) a),
           'tools', goalpost_private.describe_tools(null),
           'tables', goalpost_private.readable_tables(p_run.workspace_id),
           'limits', (select to_jsonb(l) - 'only_row' from goalpost_private.limits l),
           'taken_keys', (select coalesce(jsonb_agg(s.key), '[]') from goalpost.steps s where s.run_id = p_run.id),
           'revision', p_run.revision + 1,
           'previous', case when p_run.revision > 0 then jsonb_build_object(
             'reason', p_step.input -> 'reason',
             'verdicts', (select coalesce(jsonb_agg(to_jsonb(c) - 'workspace_id' order by c.number), '[]')
                            from goalpost.goal_criteria c where c.goal_id = p_run.goal_id),
             'steps', goalpost_private.describe_steps(p_run.id)) end)
$$;

create function goalpost_private.context_to_work(p_step goalpost.steps, p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'goal', goalpost_private.describe_goal(p_run.goal_id),
           'parameters', p_run.parameters,
           'steps', goalpost_private.dependency_results(p_step.run_id, p_step.key),
           'agent', to_jsonb(a) - 'workspace_id' - 'state' - 'created_at' - 'id',
           'tools', goalpost_private.describe_tools(coalesce(a.tools, array[p_step.input ->> 'tool'])),
           'readable_schemas', goalpost_private.readable_schemas(p_run.workspace_id, p_run.user_id))
    from (select) one
    left join goalpost.agents a on a.id = p_step.agent_id
$$;

create function goalpost_private.context_to_judge(p_run goalpost.workflow_runs) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
           'goal', goalpost_private.describe_goal(p_run.goal_id),
           'criteria', goalpost_private.describe_goal(p_run.goal_id) -> 'criteria',
           'steps', goalpost_private.describe_steps(p_run.id),
           'report', p_run.report,
           'revision', p_run.revision,
           'max_revisions', (select l.max_revisions from goalpost_private.limits l),
           'usage', (select jsonb_build_object(
                              'calls', count(*) filter (where u.provider <> 'offline'),
                              'input_tokens', coalesce(sum(u.input_tokens), 0),
                              'output_tokens', coalesce(sum(u.output_tokens), 0),
                              'cost_microusd', coalesce(sum(u.cost_microusd), 0))
                       from goalpost.usage_events u
                      where u.workspace_id = p_run.workspace_id and u.goal_id = p_run.goal_id))
$$;

-- Who is asking, and what they may do -----------------------------------------------------------------------

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

-- Takes a request: submitted and accepted in one transaction.
-- Called by people (supabase-js, the command line, intake on their behalf). Safe to repeat with the same
-- idempotency key: the first request is given back. Raises ZG001/ZG002 (not yours), ZG003, ZG004 (key used for
-- another question), ZG006 (too many open: refuse_too_many_requests, …0700). Locks nothing that exists.
-- Definer: people may not write runs and steps.
create function goalpost_private.accept_request(
  p_workspace_id uuid, p_question text, p_idempotency_key text, p_context jsonb
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz := goalpost_private.clock();
  v_request goalpost.requests;
  v_functions text[];
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  if coalesce(length(trim(p_question)), 0) = 0 or length(p_question) > 16000 then
    perform goalpost_private.refuse('ZG003', 'a question has 1 to 16000 characters');
  end if;

  insert into goalpost.requests (workspace_id, user_id, question, idempotency_key, context, created_at)
  values (p_workspace_id, auth.uid(), p_question, p_idempotency_key, coalesce(p_context, '{}'), v_now)
  on conflict (workspace_id, user_id, idempotency_key) where idempotency_key is not null do nothing
  returning * into v_request;
  if not found then
    select * into v_request from goalpost.requests q
     where q.workspace_id = p_workspace_id and q.user_id = auth.uid() and q.idempotency_key = p_idempotency_key;
    if v_request.question <> p_question then
      perform goalpost_private.refuse('ZG004', 'this idempotency key was used for another question',
        format('it belongs to request %s', v_request.id));
    end if;
    return goalpost_private.describe_acceptance(v_request.id) || '{"repeated": true}';
  end if;

  v_functions := goalpost_private.open_request(v_request, v_now);
  perform goalpost_private.ring(v_functions, '[]', v_now);
  return goalpost_private.describe_acceptance(v_request.id) || '{"repeated": false}';
end
$$;

create function goalpost_private.describe_acceptance(p_request_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object('request_id', q.id, 'state', q.state,
           'run_id', (select min(r.id) from goalpost.workflow_runs r
                       where r.workspace_id = q.workspace_id and r.request_id = q.id))
    from goalpost.requests q where q.id = p_request_id
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
  perform goalpost_private.require_role(v_approval.workspace_id, 'viewer');
  perform goalpost_private.require_role(v_approval.workspace_id, v_approval.required_role);
  if p_decision is null or p_decision not in ('approved', 'rejected') then
    perform goalpost_private.refuse('ZG003', 'a decision is approved or rejected');
  end if;

  perform goalpost_private.lock_trees(array[v_approval.run_id]);
  v_now := goalpost_private.clock();
  update goalpost.approvals
     set state = p_decision, decided_by = auth.uid(), decided_at = v_now, comment = left(p_comment, 4000)
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
           select count(*) from goalpost.step_dependencies d
             join goalpost.steps o on o.run_id = d.run_id and o.key = d.depends_on_key
            where d.run_id = s.run_id and d.step_key = s.key
              and o.state not in ('completed', 'failed', 'skipped'))
   where s.run_id = p_run_id and s.state = 'cancelled';
  return array_remove(v_functions, null) || goalpost_private.ready_steps(
    p_run_id,
    array(select key from goalpost.steps where run_id = p_run_id and state = 'pending' and remaining_dependencies = 0),
    p_now);
end
$$;

-- Makes a workspace; the caller owns it. Definer: people may not write members.
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
  insert into goalpost.workspaces (name) values (trim(p_name)) returning id into v_workspace_id;
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
  p_workspace_id uuid, p_question text, p_idempotency_key text default null, p_context jsonb default '{}'
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.accept_request(p_workspace_id, p_question, p_idempotency_key, p_context) $$;

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

-- The asker's SQL --------------------------------------------------------------------------------------------

-- Runs one query as the asker: rights of `authenticated`, the person's claims, read only, search path of the
-- workspace, no more than p_row_limit rows and p_byte_limit bytes.
-- Owned by goalpost_asker (…0800), which has exactly those rights; called by run_query alone. The query has passed the
-- syntax gate of shared/tools, where functions are on an allow-list; that it did not change who is asking is
-- checked again here, and an answer got by changing it is never returned. Dynamic SQL: this is the one runner.
create function goalpost_private.run_query_as_asker(
  p_user_id uuid, p_schemas text[], p_query text, p_row_limit integer, p_byte_limit integer
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_claims constant text := jsonb_build_object('sub', p_user_id, 'role', 'authenticated')::text;
  v_row record;
  v_json jsonb;
  v_rows jsonb[] := '{}';
  v_bytes bigint := 0;
  v_count integer := 0;
  v_columns jsonb := '[]';
  v_truncated boolean := false;
begin
  perform set_config('request.jwt.claims', v_claims, true);
  perform set_config('request.jwt.claim.sub', '', true);
  -- Never null, which would mean the database's own path. Unnamed, pg_catalog comes first: nothing stands in for it.
  perform set_config('search_path', coalesce(
    (select string_agg(quote_ident(s), ', ') from unnest(p_schemas) s where s <> 'pg_catalog'), ''), true);
  perform set_config('transaction_read_only', 'on', true);

  for v_row in execute format(E'select to_json(q.*) as row from (%s\n) q limit %s', p_query, p_row_limit + 1) loop
    if v_count = 0 then
      v_columns := (select json_agg(k)::jsonb from json_object_keys(v_row.row) k);
    end if;
    v_json := v_row.row::jsonb;
    v_bytes := v_bytes + octet_length(v_json::text);
    if v_count >= p_row_limit or v_bytes > p_byte_limit then
      v_truncated := true;
      exit;
    end if;
    v_rows := v_rows || v_json;
    v_count := v_count + 1;
  end loop;

  if current_setting('request.jwt.claims', true) is distinct from v_claims
     or coalesce(current_setting('request.jwt.claim.sub', true), '') <> '' then
    raise exception using errcode = 'ZG008', message = 'the query tried to change who is asking';
  end if;
  return jsonb_build_object('columns', v_columns, 'rows', to_jsonb(v_rows), 'row_count', v_count,
                            'truncated', v_truncated);
end
$$;

-- Runs a query for a step that holds its lease, as the person who asked for the work.
-- Called by the executor's `sql` tool. Reads only, so safe to repeat. Raises ZG009 (lease lost), ZG008 (the query
-- failed or was refused, with Postgres's own words).
create function goalpost_worker.run_query(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_query text, p_row_limit integer, p_byte_limit integer
) returns jsonb
language plpgsql security definer
set search_path = '' set statement_timeout = '6s'
as $$
declare
  v_run goalpost.workflow_runs;
begin
  select r.* into v_run
    from goalpost.workflow_runs r
    join goalpost.steps s on s.run_id = r.id
   where r.id = p_run_id and s.key = p_step_key and s.state = 'running' and s.lease_epoch = p_lease_epoch;
  if not found then
    perform goalpost_private.refuse('ZG009', 'the lease on this step was lost');
  end if;
  begin
    return goalpost_private.run_query_as_asker(
      v_run.user_id, goalpost_private.readable_schemas(v_run.workspace_id, v_run.user_id), p_query,
      greatest(least(p_row_limit, 1000), 1), greatest(least(p_byte_limit, 262144), 1));
  exception
    when query_canceled then
      raise;
    when others then
      perform goalpost_private.refuse('ZG008', sqlerrm);
  end;
end
$$;

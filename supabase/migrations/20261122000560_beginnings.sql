-- How work begins: requests are accepted, one or many at once, and opened. A question is opened with its assessment; a
-- runbook asked for by name is started with its steps, without assessment and without planning.

-- A runbook that breaks a rule is not started. Looked at once, not at every start: again after its plan or the limits
-- have changed.
create function goalpost_private.look_at_plan_again() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.is_sound := null;
  return new;
end
$$;
create trigger look_at_plan_again before update of plan on goalpost.runbooks
  for each row execute function goalpost_private.look_at_plan_again();

create function goalpost_private.look_at_plans_again() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.runbooks set is_sound = null where is_sound is not null;
  return null;
end
$$;
create trigger look_at_plans_again after update on goalpost_private.limits
  for each statement execute function goalpost_private.look_at_plans_again();

-- The runbook of a name that a person may start in a workspace: the newest active version, the workspace's own before a
-- built-in one. `problem` says why there is none to start.
create function goalpost_private.find_runbook(
  p_workspace_id uuid, p_user_id uuid, p_name text, out runbook goalpost.runbooks, out problem text
)
language plpgsql
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_problems jsonb;
begin
  select b.* into runbook from goalpost.runbooks b
   where b.name = p_name and b.state = 'active' and (b.workspace_id is null or b.workspace_id = p_workspace_id)
   order by b.workspace_id nulls last, b.version desc
   limit 1;
  if runbook.id is null then
    problem := format('there is no runbook called %s here; goalpost.runbooks has those there are', p_name);
    return;
  end if;
  problem := goalpost_private.runbook_refusal(runbook, p_user_id);
  if problem is not null or runbook.is_sound then
    return;
  end if;

  v_run.workspace_id := runbook.workspace_id;
  v_problems := goalpost_private.check_plan_of_run(runbook.plan, v_run);
  if v_problems <> '[]' then
    problem := left(format('the runbook %s breaks a rule of plans: %s', p_name, v_problems), 4000);
    return;
  end if;
  update goalpost.runbooks b set is_sound = true where b.id = runbook.id and b.plan = runbook.plan;
end
$$;

-- Accepts requests, all or none: [{"question", "idempotency_key", "context", "runbook", "parameters",
-- "budget"}], at most 1000;
-- all but the question may be left out. Gives back {"request_id", "run_id", "state", "repeated"} for each, in order.
-- Called by people (supabase-js, the command line, intake on their behalf). Safe to repeat with the same
-- idempotency keys: the first request is given back. Raises ZG001/ZG002 (not yours), ZG003, ZG004 (key used for
-- another question), ZG006 (too many open: refuse_too_many_requests, …0700). Locks nothing that exists.
-- Definer: people may not write runs and steps.
create function goalpost_private.accept_requests(p_workspace_id uuid, p_requests jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now timestamptz := goalpost_private.clock();
  v_new goalpost.requests[];
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  perform goalpost_private.refuse_bad_requests(p_workspace_id, p_requests);

  with told as materialized (
    select t.question, t.idempotency_key, coalesce(t.context, '{}') as context, t.runbook,
           coalesce(t.parameters, '{}') as parameters, coalesce(t.budget, '{}') as budget
      from rows from (jsonb_to_recordset(p_requests)
             as (question text, idempotency_key text, context jsonb, runbook text, parameters jsonb, budget jsonb))
           with ordinality t (question, idempotency_key, context, runbook, parameters, budget, number)
     order by t.number
  ),
  inserted as (
    insert into goalpost.requests
      (workspace_id, user_id, question, idempotency_key, context, runbook, parameters, budget, state, goal_id, created_at)
    select p_workspace_id, auth.uid(), t.question, t.idempotency_key, t.context, t.runbook, t.parameters, t.budget, 'accepted',
           case when t.runbook is not null then nextval('goalpost.goals_id_seq') end, v_now
      from told t
    on conflict (workspace_id, user_id, idempotency_key) where idempotency_key is not null do nothing
    returning *
  )
  select coalesce(array_agg(i::goalpost.requests order by i.id), '{}') into v_new from inserted i;
  perform goalpost_private.ring(goalpost_private.open_requests(v_new, v_now), '[]', v_now);
  return goalpost_private.describe_acceptance(p_workspace_id, p_requests, v_new);
end
$$;

-- Refuses what is no list of requests, or names a runbook that cannot be started (ZG003), before anything is written.
-- How long a question is and what a context holds, the table's trigger looks at: …0655.
create function goalpost_private.refuse_bad_requests(p_workspace_id uuid, p_requests jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_name text;
  v_problem text;
begin
  if jsonb_typeof(p_requests) is distinct from 'array' or jsonb_array_length(p_requests) not between 1 and 1000 then
    perform goalpost_private.refuse('ZG003', 'requests are an array of 1 to 1000', 'send more in several calls');
  end if;
  if exists (
    select from jsonb_array_elements(p_requests) q
     where jsonb_typeof(q -> 'question') is distinct from 'string')
  then
    perform goalpost_private.refuse('ZG003', 'a question has 1 to 16000 characters');
  end if;
  for v_name in
    select distinct q ->> 'runbook' from jsonb_array_elements(p_requests) q where q ->> 'runbook' is not null
  loop
    v_problem := (goalpost_private.find_runbook(p_workspace_id, auth.uid(), v_name)).problem;
    if v_problem is not null then
      perform goalpost_private.refuse('ZG003', v_problem);
    end if;
  end loop;
end
$$;

-- What became of each request, in the order it was told: of a new one, and of one whose key was there already.
create function goalpost_private.describe_acceptance(
  p_workspace_id uuid, p_requests jsonb, p_new goalpost.requests[]
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_new_ids constant bigint[] := array(select n.id from unnest(p_new) n);
  -- Those without a key are all new, in order.
  v_keyless_ids constant bigint[] := array(select n.id from unnest(p_new) n where n.idempotency_key is null order by n.id);
  v_other bigint;
  v_accepted jsonb;
begin
  with told as materialized (
    select t.number, t.value ->> 'question' as question, t.value ->> 'idempotency_key' as idempotency_key,
           row_number() over (partition by t.value ->> 'idempotency_key' order by t.number) as turn
      from jsonb_array_elements(p_requests) with ordinality t (value, number)
  ),
  found as (
    select t.number, t.question, q.id, q.state, q.question as first_question,
           t.idempotency_key is not null and (t.turn > 1 or q.id <> all (v_new_ids)) as repeated
      from told t
      join goalpost.requests q
        on q.id = case when t.idempotency_key is null then v_keyless_ids[t.turn]
                       else (select o.id from goalpost.requests o
                              where o.workspace_id = p_workspace_id and o.user_id = auth.uid()
                                and o.idempotency_key = t.idempotency_key) end
  )
  select min(f.id) filter (where f.first_question <> f.question),
         jsonb_agg(jsonb_build_object(
           'request_id', f.id, 'state', f.state, 'repeated', f.repeated,
           'run_id', (select min(r.id) from goalpost.workflow_runs r
                       where r.workspace_id = p_workspace_id and r.request_id = f.id)) order by f.number)
    into v_other, v_accepted
    from found f;
  if v_other is not null then
    perform goalpost_private.refuse('ZG004', 'this idempotency key was used for another question',
      format('it belongs to request %s', v_other));
  end if;
  return v_accepted;
end
$$;

-- Takes up requests that were inserted directly and not yet looked at: submitted -> accepted | failed. Bounded; waits
-- for nobody.
create function goalpost_private.adopt_requests(
  p_limit integer, p_now timestamptz, out adopted_count integer, out functions text[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_requests goalpost.requests[];
begin
  with adopted as (
    update goalpost.requests q
       set state = 'accepted', goal_id = case when q.runbook is not null then nextval('goalpost.goals_id_seq') end
      from (select s.id from goalpost.requests s where s.state = 'submitted' order by s.id limit p_limit
               for update skip locked) s
     where q.id = s.id
    returning q.*
  )
  select array_agg(a::goalpost.requests order by a.id) into v_requests from adopted a;
  adopted_count := coalesce(cardinality(v_requests), 0);
  functions := goalpost_private.open_requests(v_requests, p_now);
end
$$;

-- Opens accepted requests: an assessment for each question, its steps for each runbook asked for by name. One whose
-- runbook cannot be started ends failed with the reason. Returns the functions to wake.
create function goalpost_private.open_requests(p_requests goalpost.requests[], p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_group record;
  v_found record;
  v_functions text[];
begin
  v_functions := goalpost_private.open_assessments(
    array(select q from unnest(p_requests) q where q.runbook is null order by q.id), p_now);
  for v_group in
    select q.workspace_id, q.user_id, q.runbook, array_agg(q order by q.id) as requests
      from unnest(p_requests) q where q.runbook is not null
     group by q.workspace_id, q.user_id, q.runbook
  loop
    v_found := goalpost_private.find_runbook(v_group.workspace_id, v_group.user_id, v_group.runbook);
    if v_found.problem is null then
      v_functions := v_functions || goalpost_private.start_runbook(v_found.runbook, v_group.requests, p_now);
    else
      update goalpost.requests q
         set state = 'failed', goal_id = null, reason = v_found.problem, ended_at = p_now
       where q.id in (select r.id from unnest(v_group.requests) r);
    end if;
  end loop;
  return v_functions;
end
$$;

-- Opens the runs of questions, with their assessments ready.
create function goalpost_private.open_assessments(p_requests goalpost.requests[], p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_functions text[];
begin
  if cardinality(p_requests) = 0 then
    return '{}';
  end if;
  with opened as (
    insert into goalpost.workflow_runs
      (id, workspace_id, user_id, workflow_type, request_id, root_run_id, deadline_at, created_at)
    select n.id, (n.q).workspace_id, (n.q).user_id, 'request', (n.q).id, n.id,
           p_now + make_interval(secs => l.max_run_seconds), p_now
      from (select q, nextval('goalpost.workflow_runs_id_seq') as id from unnest(p_requests) q) n
     cross join goalpost_private.limits l
    returning id, workspace_id, priority
  ),
  readied as (
    insert into goalpost.steps (run_id, key, workspace_id, kind, title, priority, state, run_after)
    select o.id, 'assess', o.workspace_id, 'assess', 'Assess the request', o.priority, 'ready', p_now from opened o
    returning kind
  )
  select array_agg(goalpost_private.function_of(r.kind)) into v_functions from readied r;
  return v_functions;
end
$$;

-- Starts a runbook for requests of one workspace that ask for it by name: goal, run, revision and steps for each.
-- Where it has nothing to be judged by (no criterion, no report) and ends in one step that functions work, the run ends
-- with that step; otherwise a judge waits for all ends. Returns the functions to wake.
create function goalpost_private.start_runbook(
  p_runbook goalpost.runbooks, p_requests goalpost.requests[], p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_runs goalpost.workflow_runs[];
  v_run goalpost.workflow_runs;
  v_last_key constant text := goalpost_private.only_last_key(p_runbook.plan);
  v_begins_specially constant boolean := goalpost_private.begins_specially(p_runbook.plan);
  v_functions text[];
begin
  insert into goalpost.goals
    (id, workspace_id, user_id, request_id, root_goal_id, title, description, goal_type, context, created_at)
  select q.goal_id, q.workspace_id, q.user_id, q.id, q.goal_id, left(p_runbook.title, 300), q.question,
         p_runbook.goal_type, q.context, p_now
    from unnest(p_requests) q;
  with opened as (
    insert into goalpost.workflow_runs
      (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, revision, runbook_id, parameters,
       report, deadline_at, created_at)
    select n.id, (n.q).workspace_id, (n.q).user_id, 'goal', (n.q).id, (n.q).goal_id, n.id, 1, p_runbook.id,
           (n.q).parameters,
           case jsonb_typeof(p_runbook.plan -> 'report') when 'object' then p_runbook.plan -> 'report' end,
           p_now + make_interval(secs => l.max_run_seconds), p_now
      from (select q, nextval('goalpost.workflow_runs_id_seq') as id from unnest(p_requests) q) n
     cross join goalpost_private.limits l
    returning *
  )
  select array_agg(o::goalpost.workflow_runs order by o.id) into v_runs from opened o;
  insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, runbook_id, reasons, created_at)
  select r.id, 1, r.workspace_id, p_runbook.plan, p_runbook.id, '["asked for by name"]', p_now from unnest(v_runs) r;
  insert into goalpost.events (root_run_id, sequence, workspace_id, run_id, goal_id, type, created_at)
  select r.id, 1, r.workspace_id, r.id, r.goal_id, 'goal.opened', p_now from unnest(v_runs) r;

  v_functions := goalpost_private.add_plan_steps(
    v_runs, p_runbook.plan, v_last_key, case when v_last_key is null then 'judge' end, p_now);
  foreach v_run in array v_runs loop
    if v_last_key is null then
      perform goalpost_private.add_criteria(v_run, p_runbook.plan);
    end if;
    if v_begins_specially then
      v_functions := v_functions || goalpost_private.open_first_steps(v_run, p_now);
    end if;
  end loop;
  return v_functions;
end
$$;

-- The one last step of a plan that leaves nothing to be judged; null where a judge is needed.
create function goalpost_private.only_last_key(p_plan jsonb) returns text
language sql immutable
set search_path = '' set enable_hashjoin = on set enable_mergejoin = on
as $$
  select case when count(*) = 1 and bool_and(s.step ->> 'kind' in ('agent', 'tool')) then min(s.key) end
    from goalpost_private.plan_steps(p_plan) s
   where coalesce(p_plan -> 'criteria', '[]') in ('[]', 'null') and coalesce(p_plan -> 'report', 'null') = 'null'
     and not exists (select from goalpost_private.plan_steps(p_plan) o, jsonb_array_elements_text(o.depends_on) d
                      where d = s.key)
$$;

-- Whether a first step of a plan is one that functions do not just begin with: see add_plan_steps.
create function goalpost_private.begins_specially(p_plan jsonb) returns boolean
language sql immutable
set search_path = ''
as $$
  select exists (
    select from goalpost_private.plan_steps(p_plan) s
     where s.depends_on = '[]'
       and (s.step ->> 'kind' not in ('agent', 'tool') or coalesce(s.step -> 'condition', 'null') <> 'null'))
$$;

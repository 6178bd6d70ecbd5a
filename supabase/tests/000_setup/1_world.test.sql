-- The base of all test files: the schema `tests`, with people, a workspace, and functions that request, claim and
-- finish work. The files of this folder sort first, so that `supabase test db` runs them before every other file; a file run
-- alone needs them too. They are the only ones that stay in the database: all others roll back what they do.
--
-- Time stands still in every test at 2030-01-01 12:00 UTC and moves only by tests.advance_clock.

-- A transaction of its own: a runner that sends the file as one message would roll this back with the end.
begin;

create schema if not exists tests;
grant usage on schema tests to public;

-- Time ------------------------------------------------------------------------------------------------------

-- Replaces the clock until the end of the transaction.
create or replace function tests.stop_clock(p_at timestamptz) returns void
language plpgsql set search_path = ''
as $$
begin
  execute format(
    'create or replace function goalpost_private.clock() returns timestamptz
     language sql volatile set search_path = '''' as %L', format('select %L::timestamptz', p_at));
end
$$;

create or replace function tests.advance_clock(p_time interval) returns void
language sql set search_path = ''
as $$ select tests.stop_clock(goalpost_private.clock() + p_time) $$;

-- Values that later statements of a test need -----------------------------------------------------------------

create or replace function tests.set(p_name text, p_value text) returns void
language sql set search_path = ''
as $$ select set_config('tests.' || p_name, p_value, true) $$;

create or replace function tests.set(p_name text, p_value bigint) returns void
language sql set search_path = ''
as $$ select set_config('tests.' || p_name, p_value::text, true) $$;

create or replace function tests.kept(p_name text) returns text
language sql stable set search_path = ''
as $$ select current_setting('tests.' || p_name) $$;

create or replace function tests.get(p_name text) returns bigint
language sql stable set search_path = ''
as $$ select current_setting('tests.' || p_name)::bigint $$;

create or replace function tests.hash(p_text text) returns text
language sql immutable set search_path = ''
as $$ select encode(sha256(convert_to(p_text, 'UTF8')), 'hex') $$;

-- People ------------------------------------------------------------------------------------------------------

create or replace function tests.id_of(p_name text) returns uuid
language sql immutable set search_path = ''
as $$ select md5('tests.' || p_name)::uuid $$;

create or replace function tests.person(p_name text) returns uuid
language sql set search_path = ''
as $$
  insert into auth.users (id, email) values (tests.id_of(p_name), p_name || '@tests.example') on conflict do nothing;
  select tests.id_of(p_name);
$$;

-- A workspace with these people: {"mia": "member"}.
create or replace function tests.workspace(p_name text, p_members jsonb) returns uuid
language sql set search_path = ''
as $$
  insert into goalpost.workspaces (id, name) values (tests.id_of(p_name), p_name);
  insert into goalpost.members (workspace_id, user_id, role)
  select tests.id_of(p_name), tests.person(m.key), m.value from jsonb_each_text(p_members) m;
  select tests.id_of(p_name);
$$;

-- Sets a person's claims for what follows, without their rights: for calls whose rights are not under test.
create or replace function tests.speak_as(p_name text) returns void
language sql set search_path = ''
as $$
  select set_config('request.jwt.claims',
    case when p_name is null then '' else json_build_object('sub', tests.id_of(p_name), 'role', 'authenticated')::text end,
    true)
$$;

-- Runs one statement as that person would through the API: their claims, the role `authenticated` (or `anon` for
-- null). Gives the first column of the first row as text.
create or replace function tests.value_for(p_name text, p_sql text) returns text
language plpgsql
as $$
declare
  v_claims text := current_setting('request.jwt.claims', true);
  v_value text;
begin
  perform tests.speak_as(p_name);
  perform set_config('role', case when p_name is null then 'anon' else 'authenticated' end, true);
  if p_sql ~* '^\s*(insert|update|delete)' and p_sql !~* '\mreturning\M' then
    execute p_sql;
  else
    execute p_sql into v_value;
  end if;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', coalesce(v_claims, ''), true);
  return v_value;
end
$$;

create or replace function tests.json_for(p_name text, p_sql text) returns jsonb
language sql
as $$ select tests.value_for(p_name, p_sql)::jsonb $$;

-- The SQLSTATE that the statement ends with for that person; 'none' when it succeeds.
create or replace function tests.refusal_for(p_name text, p_sql text) returns text
language plpgsql
as $$
begin
  perform tests.value_for(p_name, p_sql);
  return 'none';
exception
  when others then
    return sqlstate;
end
$$;

-- The same for the role that runs the tests.
create or replace function tests.refusal(p_sql text) returns text
language plpgsql
as $$
begin
  execute p_sql;
  return 'none';
exception
  when others then
    return sqlstate;
end
$$;

-- A small world ------------------------------------------------------------------------------------------------

-- One workspace `acme` with one person of each role (olga owns it, adam is admin, petra approves, mia is a member,
-- vera a viewer), a stranger `sam` with a workspace of their own, the tools that plans name, and a clock that stands.
-- Beside them are bystanders (below), unless a test checks tables as a whole.
create or replace function tests.world(p_bystanders boolean default true) returns void
language plpgsql set search_path = ''
as $$
begin
  -- A database that was used before is empty for the length of the test.
  delete from goalpost.requests;
  delete from goalpost.workspaces;
  delete from goalpost.project_admins;
  delete from goalpost.wakes;
  delete from goalpost_private.endpoints;
  delete from vault.secrets where name = 'goalpost_wake_secret';
  delete from goalpost_private.limits;
  insert into goalpost_private.limits default values;

  perform tests.stop_clock('2030-01-01 12:00:00+00');
  perform tests.workspace('acme',
    '{"olga": "owner", "adam": "admin", "petra": "approver", "mia": "member", "vera": "viewer"}');
  perform tests.workspace('elsewhere', '{"sam": "owner"}');
  insert into goalpost.tools (name, description, parameters, idempotent, writes)
  select t, t, '{}', true, false from unnest(array['sql', 'calculate', 'http_get', 'template']) t
  on conflict do nothing;
  if p_bystanders then
    perform tests.bystanders();
  end if;
end
$$;

-- Bystanders: the workspace `bystanders` of `bert` holds runs that no test is about, one per state of a step, each with
-- the step keys that tests use and rows in every table of work. Everything in it is due in 2500, so that no claim, sweep
-- or clock of a test touches it. A change of any of its rows raises an error, so every test also checks that work of
-- other workspaces under the same keys stays as it is. The runs are older than those of the test, so that a query
-- without its run finds the wrong row first.
create or replace function tests.bystanders() returns void
language plpgsql set search_path = ''
as $$
declare
  v_workspace constant uuid := tests.workspace('bystanders', '{"bert": "owner"}');
  v_user constant uuid := tests.id_of('bert');
  v_far constant timestamptz := '2500-01-01';
  v_state text;
  v_run_id bigint;
  v_table text;
begin
  insert into goalpost.agents (workspace_id, name, role, tools) values (v_workspace, 'bystander', 'r', '{sql}');
  foreach v_state in array array['pending', 'ready', 'running', 'waiting', 'completed', 'failed'] loop
    v_run_id := nextval('goalpost.workflow_runs_id_seq');
    with request as (
      insert into goalpost.requests (workspace_id, user_id, question, state, ended_at)
      values (v_workspace, v_user, 'a question', case v_state when 'failed' then 'failed' else 'accepted' end,
              case v_state when 'failed' then now() end) returning id
    ),
    goal as (
      insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, state, ended_at)
      select v_run_id, v_workspace, v_user, q.id, v_run_id, 'A goal', 'of others', case v_state when 'failed' then 'failed' else 'active' end,
             case v_state when 'failed' then now() end from request q returning id
    )
    insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, deadline_at, state, ended_at)
    select v_run_id, v_workspace, v_user, 'goal', q.id, g.id, v_run_id, v_far,
           case v_state when 'failed' then 'failed' else 'running' end, case v_state when 'failed' then now() end
      from request q, goal g;
    insert into goalpost.steps
      (run_id, key, workspace_id, kind, title, input, agent_id, remaining_dependencies, attempt, lease_epoch, leased_by, state,
       run_after, lease_expires_at, started_at, ended_at, result, error)
    select v_run_id, k.key, v_workspace,
           case k.key when 'assess' then 'assess' when 'plan' then 'plan' when 'judge' then 'judge' when 'ap' then 'approval'
             when 'sub' then 'subgoal' when 'x' then 'agent' else 'tool' end,
           k.key, '{"tool": "sql", "arguments": {}}', case k.key when 'x' then a.id end,
           case when v_state = 'pending' and k.key not in ('c', 'judge') then 5 else 0 end, 1, case v_state when 'pending' then 0 else 1 end,
           case v_state when 'running' then 'bert' end, v_state, case when v_state in ('ready', 'running') then v_far end,
           case v_state when 'running' then v_far end, case v_state when 'running' then v_far end,
           case when v_state in ('completed', 'failed') then now() end, case v_state when 'completed' then '{"of": "others"}'::jsonb end,
           case v_state when 'failed' then '{"code": "broken", "message": "of others", "retryable": false}'::jsonb end
      from goalpost.agents a, unnest(array['assess', 'plan', 'judge', 'a', 'b', 'c', 'd', 'x', 'y', 'ap', 'sub', 'bad']) k (key)
     where a.workspace_id = v_workspace;
    insert into goalpost.events (root_run_id, sequence, workspace_id, run_id, goal_id, type, created_at)
    select v_run_id, n, v_workspace, v_run_id, v_run_id, 'plan.accepted', now() from generate_series(1, 40) n;
    insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan)
    values (v_run_id, 1, v_workspace, '{"summary": "of others", "steps": []}');
    insert into goalpost.goal_criteria (goal_id, number, workspace_id, description, verdict)
    values (v_run_id, 1, v_workspace, 'of others', 'open'), (v_run_id, 2, v_workspace, 'of others', 'unknown');
    insert into goalpost.agent_instances (run_id, agent_id, workspace_id, state, opened_at, closed_at)
    select v_run_id, a.id, v_workspace, case v_state when 'failed' then 'closed' else 'open' end, now(), case v_state when 'failed' then now() end
      from goalpost.agents a where a.workspace_id = v_workspace;
  end loop;
  insert into goalpost.approvals
    (workspace_id, goal_id, run_id, step_key, number, kind, call_number, question, shown, required_role, on_reject, requested_at, expires_at, escalates_at, escalates_to)
  select s.workspace_id, s.run_id, s.run_id, s.key, n, case n when 1 then 'tool_call' else 'budget' end, case n when 1 then 1 end,
         'May it?', '{}', 'approver', 'fail', now(), v_far, v_far, 'owner'
    from goalpost.steps s, generate_series(1, 2) n where s.workspace_id = v_workspace and s.state in ('waiting', 'running');
  insert into goalpost.tool_calls
    (run_id, step_key, number, workspace_id, turn_number, call_id, attempt, tool, tool_version, idempotent, writes, arguments,
     arguments_hash, idempotency_key, rule, created_at, state, lease_epoch, started_at, ended_at, result, error, works_in_step)
  select s.run_id, s.key, c.number, s.workspace_id, 1, 'call_' || c.number, 1, 'sql', 1, false, true, '{}', tests.hash('{}'),
         format('%s/%s/%s', s.run_id, s.key, c.number), 'default', now(), c.state, 0, case when c.state in ('running', 'unknown') then now() end,
         case when c.state in ('done', 'failed') then now() end, case c.state when 'done' then '{}'::jsonb end,
         case c.state when 'failed' then '{"closed_from": "intended"}'::jsonb end, case c.state when 'waiting' then 'b' end
    from goalpost.steps s,
         (values (1, 'waiting'), (2, 'running'), (3, 'intended'), (4, 'done'), (5, 'unknown'), (6, 'failed')) c (number, state)
   where s.workspace_id = v_workspace and s.state in ('waiting', 'running', 'failed') and s.key in ('a', 'b', 'x');
  insert into goalpost.step_turns
    (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash, max_input_tokens,
     max_output_tokens, reserved_microusd, asked_at, state, ended_at, answer)
  select s.run_id, s.key, t.number, s.workspace_id, 1, 0, 'work', 'openai', 'm', tests.hash('q'), 100, 50, 7, goalpost_private.clock(), t.state,
         case t.state when 'answered' then now() end, case t.state when 'answered' then '{"text": "of others"}'::jsonb end
    from goalpost.steps s, (values (1, 'asked'), (2, 'answered')) t (number, state)
   where s.workspace_id = v_workspace and s.state in ('waiting', 'running') and s.key in ('assess', 'plan', 'judge', 'a', 'b', 'x');
  insert into goalpost.dead_letters (workspace_id, run_id, step_key, attempt, error, created_at)
  select s.workspace_id, s.run_id, s.key, 1, '{}', now() from goalpost.steps s where s.workspace_id = v_workspace and s.state = 'failed';
  insert into goalpost.usage_events (run_id, step_key, number, lease_epoch, workspace_id, goal_id, provider, model, input_tokens, cost_microusd, created_at)
  select t.run_id, t.step_key, t.number, 0, t.workspace_id, t.run_id, t.provider, t.model, 1000, 1000, t.asked_at
    from goalpost.step_turns t where t.workspace_id = v_workspace and t.state = 'answered';
  -- Their books add up.
  insert into goalpost.budgets (workspace_id, scope, key, cap_microusd, cap_tokens, created_at, spent_microusd, spent_tokens, reserved_microusd, reserved_tokens)
  select o.workspace_id, o.scope, o.key, 1000000, 1000000, now(), coalesce(sum(u.cost_microusd), 0), coalesce(sum(u.input_tokens), 0),
         sum(t.reserved_microusd) filter (where t.state = 'asked'), sum(t.max_input_tokens + t.max_output_tokens) filter (where t.state = 'asked')
    from goalpost.step_turns t
    left join goalpost.usage_events u on u.run_id = t.run_id and u.step_key = t.step_key and u.number = t.number
   cross join lateral goalpost_private.budgets_of(t.run_id, t.asked_at) o
   where t.workspace_id = v_workspace
   group by o.workspace_id, o.scope, o.key;

  foreach v_table in array array[
    'requests', 'goals', 'goal_criteria', 'workflow_runs', 'steps', 'step_attempts', 'plan_revisions', 'agent_instances',
    'events', 'approvals', 'tool_calls', 'step_turns', 'usage_events', 'budgets', 'dead_letters'] loop
    execute format('create trigger bystander before insert or update or delete on goalpost.%I
                    for each row execute function tests.refuse_change_of_bystander()', v_table);
  end loop;
end
$$;

create or replace function tests.refuse_change_of_bystander() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if coalesce(new.workspace_id, old.workspace_id) = tests.id_of('bystanders') then
    raise exception 'a row of bystanders changes: % of %', tg_op, tg_table_name;
  end if;
  return coalesce(new, old);
end
$$;

-- Reading ----------------------------------------------------------------------------------------------------------------

create or replace function tests.state(p_run_id bigint, p_key text) returns text
language sql stable set search_path = ''
as $$ select s.state from goalpost.steps s where s.run_id = p_run_id and s.key = p_key $$;

-- States of a run's steps, but assess, plan and a neighbour: 'a=completed b=ready'.
create or replace function tests.states(p_run_id bigint) returns text
language sql stable set search_path = ''
as $$
  select string_agg(s.key || '=' || s.state, ' ' order by s.key)
    from goalpost.steps s where s.run_id = p_run_id and s.kind not in ('assess', 'plan') and s.key <> '0'
$$;

create or replace function tests.run_state(p_run_id bigint) returns text
language sql stable set search_path = ''
as $$ select r.state from goalpost.workflow_runs r where r.id = p_run_id $$;

create or replace function tests.goal_of(p_run_id bigint) returns goalpost.goals
language sql stable set search_path = ''
as $$ select g from goalpost.workflow_runs r join goalpost.goals g on g.id = r.goal_id where r.id = p_run_id $$;

create or replace function tests.request_of(p_run_id bigint) returns goalpost.requests
language sql stable set search_path = ''
as $$ select q from goalpost.workflow_runs r join goalpost.requests q on q.id = r.request_id where r.id = p_run_id $$;

create or replace function tests.step(p_run_id bigint, p_key text) returns goalpost.steps
language sql stable set search_path = ''
as $$ select s from goalpost.steps s where s.run_id = p_run_id and s.key = p_key $$;

-- The newest approval of a step.
create or replace function tests.approval_of(p_run_id bigint, p_key text) returns goalpost.approvals
language sql stable set search_path = ''
as $$ select a from goalpost.approvals a where a.run_id = p_run_id and a.step_key = p_key order by a.number desc limit 1 $$;

-- The run of the newest sub-goal that this step opened.
create or replace function tests.run_below(p_run_id bigint, p_key text) returns bigint
language sql stable set search_path = ''
as $$
  select r.id from goalpost.goals g join goalpost.workflow_runs r on r.goal_id = g.id
   where g.parent_run_id = p_run_id and g.parent_step_key = p_key order by g.id desc limit 1
$$;

create or replace function tests.dead_letter_of(p_run_id bigint, p_key text) returns bigint
language sql stable set search_path = ''
as $$ select max(d.id) from goalpost.dead_letters d where d.run_id = p_run_id and d.step_key = p_key $$;

create or replace function tests.wake_count(p_function text) returns bigint
language sql stable set search_path = ''
as $$ select count(*) from goalpost.wakes w where w.function = p_function $$;

-- Runs a query through answer_query and undoes its effects on the transaction (read only, claims), so that the test can
-- go on. Gives the answer, or {"refused": SQLSTATE}.
create or replace function tests.query(
  p_run_id bigint, p_key text, p_query text, p_row_limit integer default 100, p_byte_limit integer default 100000,
  p_lease_epoch bigint default null
) returns jsonb
language plpgsql
as $$
declare
  v_answer jsonb;
begin
  begin
    v_answer := goalpost_worker.answer_query(
      p_run_id, p_key, coalesce(p_lease_epoch, (tests.step(p_run_id, p_key)).lease_epoch), p_query, p_row_limit, p_byte_limit);
    raise exception using errcode = 'TT001';
  exception
    when sqlstate 'TT001' then
      return v_answer;
  end;
exception
  when others then
    return jsonb_build_object('refused', sqlstate, 'message', sqlerrm);
end
$$;

-- Checks the setup itself.
commit;

begin;
select plan(1);
select tests.world();
select is(goalpost_private.clock(), '2030-01-01 12:00:00+00'::timestamptz, 'the world of the tests is set up and its clock stands still');
select * from finish();
rollback;

-- The base of all test files: the schema `tests`, with people, a workspace, and functions that request, claim and finish
-- work. It sorts first, so that `supabase test db` runs it before every other file; a file run alone needs it too. It is
-- the one file that stays in the database: all others roll back what they do.
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

-- Work inserted directly -----------------------------------------------------------------------------------------

-- A run of an accepted request, without any step.
create or replace function tests.bare_run(p_workspace text default 'acme', p_person text default 'mia') returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_request_id bigint;
  v_run_id bigint := nextval('goalpost.workflow_runs_id_seq');
begin
  insert into goalpost.requests (workspace_id, user_id, question, state)
  values (tests.id_of(p_workspace), tests.id_of(p_person), 'a question', 'accepted') returning id into v_request_id;
  insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, root_run_id, deadline_at)
  values (v_run_id, tests.id_of(p_workspace), tests.id_of(p_person), 'request', v_request_id, v_run_id,
          goalpost_private.clock() + interval '7 days');
  return v_run_id;
end
$$;

-- A step in any state, with what the state's constraints demand. Extra columns come from p_more, by name.
create or replace function tests.bare_step(
  p_run_id bigint, p_key text, p_state text default 'ready', p_kind text default 'tool', p_more jsonb default '{}'
) returns void
language sql set search_path = ''
as $$
  insert into goalpost.steps
    (run_id, key, workspace_id, kind, title, input, priority, max_attempts, timeout_seconds, attempt, lease_epoch, state,
     run_after, lease_expires_at, started_at, ended_at, result, on_failure, agent_id, ends_run)
  select p_run_id, p_key, r.workspace_id, p_kind, p_key, '{"tool": "sql", "arguments": {}}',
         coalesce((p_more ->> 'priority')::integer, 0), coalesce((p_more ->> 'max_attempts')::integer, 3),
         coalesce((p_more ->> 'timeout_seconds')::integer, 300), coalesce((p_more ->> 'attempt')::integer, 1),
         coalesce((p_more ->> 'lease_epoch')::bigint, case when p_state = 'running' then 1 else 0 end), p_state,
         coalesce((p_more ->> 'run_after')::timestamptz,
                  case when p_state in ('ready', 'running') then goalpost_private.clock() end),
         case when p_state = 'running' then
           coalesce((p_more ->> 'lease_expires_at')::timestamptz, goalpost_private.clock() + interval '30 seconds') end,
         case when p_state = 'running' then
           coalesce((p_more ->> 'started_at')::timestamptz, goalpost_private.clock()) end,
         case when p_state in ('completed', 'failed', 'skipped', 'cancelled') then goalpost_private.clock() end,
         case when p_state = 'completed' then '{}'::jsonb end,
         coalesce(p_more ->> 'on_failure', 'fail'), (p_more ->> 'agent_id')::bigint,
         coalesce((p_more ->> 'ends_run')::boolean, false)
    from goalpost.workflow_runs r where r.id = p_run_id;
$$;

create or replace function tests.hash(p_text text) returns text
language sql immutable set search_path = ''
as $$ select encode(sha256(convert_to(p_text, 'UTF8')), 'hex') $$;

-- A turn and a call of a step's journal, in any state, with what the state's constraints demand.
create or replace function tests.bare_turn(
  p_run_id bigint, p_key text, p_number integer default 1, p_state text default 'answered', p_more jsonb default '{}'
) returns void
language sql set search_path = ''
as $$
  insert into goalpost.step_turns
    (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash,
     max_input_tokens, max_output_tokens, reserved_microusd, asked_at, state, ended_at, answer, error)
  select p_run_id, p_key, p_number, s.workspace_id, coalesce((p_more ->> 'attempt')::integer, s.attempt),
         coalesce((p_more ->> 'lease_epoch')::bigint, s.lease_epoch), coalesce(p_more ->> 'purpose', 'work'), 'openai', 'm',
         tests.hash('q'), 100, 50, coalesce((p_more ->> 'reserved_microusd')::bigint, 7),
         coalesce((p_more ->> 'asked_at')::timestamptz, goalpost_private.clock()), p_state,
         case when p_state <> 'asked' then goalpost_private.clock() end,
         case when p_state = 'answered' then coalesce(p_more -> 'answer', '{"text": "reply"}') end, p_more -> 'error'
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
$$;

create or replace function tests.bare_call(
  p_run_id bigint, p_key text, p_number integer default 1, p_state text default 'intended', p_more jsonb default '{}'
) returns void
language sql set search_path = ''
as $$
  insert into goalpost.tool_calls
    (run_id, step_key, number, workspace_id, turn_number, call_id, attempt, tool, tool_version, idempotent, writes,
     arguments, arguments_hash, idempotency_key, rule, created_at, state, lease_epoch, started_at, ended_at, result, works_in_step)
  select p_run_id, p_key, p_number, s.workspace_id, (p_more ->> 'turn_number')::integer, coalesce(p_more ->> 'call_id', 'c' || p_number),
         s.attempt, coalesce(p_more ->> 'tool', 'calculate'), 1, coalesce((p_more ->> 'idempotent')::boolean, true), false,
         '{}', tests.hash('{}'), 'k' || p_number, 'default', goalpost_private.clock(), p_state,
         coalesce((p_more ->> 'lease_epoch')::bigint, s.lease_epoch), goalpost_private.clock(),
         case when p_state in ('done', 'failed', 'denied') then goalpost_private.clock() end,
         case when p_state = 'done' then '{}'::jsonb end, p_more ->> 'works_in_step'
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
$$;

-- Work as the functions do it --------------------------------------------------------------------------------------

create or replace function tests.claim(p_kinds text, p_limit integer default 100, p_lease_seconds integer default 30)
returns jsonb
language sql set search_path = ''
as $$ select goalpost_worker.claim_steps(string_to_array(p_kinds, ' '), p_limit, p_lease_seconds, 'test', null) $$;

-- The keys of claimed steps, sorted: 'a b c'.
create or replace function tests.keys(p_claimed jsonb) returns text
language sql immutable set search_path = ''
as $$ select coalesce(string_agg(c ->> 'step_key', ' ' order by c ->> 'step_key'), '') from jsonb_array_elements(p_claimed) c $$;

create or replace function tests.claimed_keys(p_kinds text, p_limit integer default 100) returns text
language sql set search_path = ''
as $$ select tests.keys(tests.claim(p_kinds, p_limit)) $$;

-- Claims everything that is ready, so that the named step is running.
create or replace function tests.start(p_run_id bigint, p_key text) returns void
language plpgsql set search_path = ''
as $$
begin
  -- More than one claim where steps are claimed alone.
  while goalpost_worker.claim_steps(array['assess', 'plan', 'agent', 'tool', 'judge', 'analyze'], 100, 30, 'test') <> '[]'
        and not exists (select from goalpost.steps where run_id = p_run_id and key = p_key and state = 'running') loop
  end loop;
  if not exists (select from goalpost.steps where run_id = p_run_id and key = p_key and state = 'running') then
    raise exception 'step % of run % is not running but %', p_key, p_run_id, tests.state(p_run_id, p_key);
  end if;
end
$$;

-- An outcome under the step's present epoch, or one given in p_more.
create or replace function tests.outcome(p_run_id bigint, p_key text, p_outcome text, p_more jsonb default '{}') returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('run_id', p_run_id, 'step_key', p_key, 'outcome', p_outcome, 'lease_epoch',
           (select s.lease_epoch from goalpost.steps s where s.run_id = p_run_id and s.key = p_key)) || p_more
$$;

create or replace function tests.finish_all(p_outcomes jsonb, p_kinds text default '', p_limit integer default 0) returns jsonb
language sql set search_path = ''
as $$ select goalpost_worker.finish_steps(p_outcomes, string_to_array(p_kinds, ' '), p_limit, 30, 'test') $$;

-- Starts the step if it is ready, ends it, and gives the verdict.
create or replace function tests.finish(p_run_id bigint, p_key text, p_outcome text, p_more jsonb default '{}') returns text
language plpgsql set search_path = ''
as $$
begin
  if tests.state(p_run_id, p_key) = 'ready' then
    perform tests.start(p_run_id, p_key);
  end if;
  return tests.finish_all(jsonb_build_array(tests.outcome(p_run_id, p_key, p_outcome, p_more))) #>> '{outcomes,0,verdict}';
end
$$;

create or replace function tests.complete(p_run_id bigint, p_key text, p_result jsonb default '{}') returns text
language sql set search_path = ''
as $$ select tests.finish(p_run_id, p_key, 'completed', jsonb_build_object('result', p_result)) $$;

create or replace function tests.fail(p_run_id bigint, p_key text, p_error jsonb default '{"code": "broken", "message": "it broke", "retryable": false}')
returns text
language sql set search_path = ''
as $$ select tests.finish(p_run_id, p_key, 'failed', jsonb_build_object('error', p_error)) $$;

-- Like complete and fail, for tests in which only what follows matters.
create or replace function tests.do_complete(p_run_id bigint, p_key text, p_result jsonb default '{}') returns void
language plpgsql set search_path = ''
as $$
declare
  v_verdict text := tests.complete(p_run_id, p_key, p_result);
begin
  if v_verdict <> 'accepted' then
    raise exception 'completing % of run % was %', p_key, p_run_id, v_verdict;
  end if;
end
$$;

create or replace function tests.do_fail(p_run_id bigint, p_key text) returns void
language plpgsql set search_path = ''
as $$
declare
  v_verdict text := tests.fail(p_run_id, p_key);
begin
  if v_verdict <> 'accepted' then
    raise exception 'failing % of run % was %', p_key, p_run_id, v_verdict;
  end if;
end
$$;

-- Lets the judge of a run that winds down report, as the aggregator does: the run then fails with its reason.
create or replace function tests.report_failure(p_run_id bigint) returns void
language plpgsql set search_path = ''
as $$
begin
  perform tests.do_complete(p_run_id, 'judge', '{"decision": "fail", "reason": "not used", "report": "# What was done"}');
end
$$;

-- The message with which the step's end was refused; null when it was accepted.
create or replace function tests.message(p_run_id bigint, p_key text, p_result jsonb) returns text
language plpgsql set search_path = ''
as $$
begin
  if tests.state(p_run_id, p_key) = 'ready' then
    perform tests.start(p_run_id, p_key);
  end if;
  return tests.finish_all(jsonb_build_array(
    tests.outcome(p_run_id, p_key, 'completed', jsonb_build_object('result', p_result)))) #>> '{outcomes,0,message}';
end
$$;

-- A request as the API takes it; its run.
create or replace function tests.ask(p_person text default 'mia', p_question text default 'how are things?', p_workspace text default 'acme')
returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_claims text := current_setting('request.jwt.claims', true);
  v_accepted jsonb;
begin
  perform tests.speak_as(p_person);
  v_accepted := goalpost.accept_request(tests.id_of(p_workspace), p_question);
  perform set_config('request.jwt.claims', coalesce(v_claims, ''), true);
  return (v_accepted ->> 'run_id')::bigint;
end
$$;

-- A request that became a goal; the goal's run, with its plan ready.
create or replace function tests.goal(p_person text default 'mia', p_workspace text default 'acme') returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_run_id bigint := tests.ask(p_person, 'reach a goal', p_workspace);
begin
  perform tests.do_complete(v_run_id, 'assess',
    '{"decision": "goal", "score": 0.9, "reasons": ["big"], "goal": {"title": "A goal", "description": "To be reached"}}');
  return (select r.id from goalpost.workflow_runs r where r.root_run_id = v_run_id and r.id <> v_run_id);
end
$$;

-- Steps in short: 'a, b:a, c:a+b' are tool steps with their dependencies. More about a step comes from p_more, by key.
create or replace function tests.steps(p_short text, p_more jsonb default '{}') returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_agg(
           jsonb_build_object(
             'key', split_part(s.step, ':', 1), 'kind', 'tool', 'input', '{"tool": "sql", "arguments": {}}'::jsonb,
             'depends_on', to_jsonb(array_remove(string_to_array(split_part(s.step, ':', 2), '+'), '')))
           || coalesce(p_more -> split_part(s.step, ':', 1), '{}') order by s.number)
    from regexp_split_to_table(p_short, ',\s*') with ordinality s (step, number)
$$;

-- A goal whose plan of such steps was accepted; the goal's run.
create or replace function tests.planned(
  p_short text, p_more jsonb default '{}', p_criteria jsonb default '[]', p_person text default 'mia', p_workspace text default 'acme'
) returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_run_id bigint := tests.goal(p_person, p_workspace);
begin
  perform tests.do_complete(v_run_id, 'plan', jsonb_build_object(
    'plan', jsonb_build_object('summary', 'a plan', 'criteria', p_criteria, 'steps', tests.steps(p_short, p_more))));
  return v_run_id;
end
$$;

-- The columns of an approval, a sub-goal and an agent step, for p_more.
create or replace function tests.approval(p_more jsonb default '{}') returns jsonb
language sql immutable set search_path = ''
as $$ select jsonb_build_object('kind', 'approval', 'input', '{"question": "May it?"}'::jsonb || p_more) $$;

create or replace function tests.subgoal() returns jsonb
language sql immutable set search_path = ''
as $$ select '{"kind": "subgoal", "input": {"title": "Part", "description": "A part of it"}}'::jsonb $$;

create or replace function tests.agent(p_name text default 'analyst') returns jsonb
language sql immutable set search_path = ''
as $$ select jsonb_build_object('kind', 'agent', 'agent', p_name, 'input', '{"instructions": "think"}'::jsonb) $$;

-- Calls and model calls of a step, as its journal has them ------------------------------------------------------------

-- A call of a tool of a step, with what its state's constraints demand. Its number is one more than there are.
create or replace function tests.call(
  p_run_id bigint, p_key text, p_state text default 'waiting', p_tool text default 'sql', p_arguments jsonb default '{"query": "select 1"}',
  p_more jsonb default '{}'
) returns integer
language plpgsql set search_path = ''
as $$
declare
  v_number constant integer := 1 + (select count(*) from goalpost.tool_calls c where c.run_id = p_run_id and c.step_key = p_key);
begin
  insert into goalpost.tool_calls
    (run_id, step_key, number, workspace_id, turn_number, call_id, attempt, tool, tool_version, idempotent, writes, arguments,
     arguments_hash, idempotency_key, rule, created_at, state, works_in_step, started_at, ended_at, result, error)
  select p_run_id, p_key, v_number, s.workspace_id, 1, 'call_' || v_number, s.attempt, p_tool, 1, false, true, p_arguments,
         goalpost_private.hash_of(p_arguments), format('%s/%s/%s/%s', s.workspace_id, p_run_id, p_key, v_number), 'default',
         goalpost_private.clock(), p_state, p_more ->> 'works_in_step',
         case when p_state in ('running', 'unknown') then goalpost_private.clock() end,
         case when p_state in ('done', 'failed', 'denied') then goalpost_private.clock() end,
         case when p_state = 'done' then coalesce(p_more -> 'result', '{}') end,
         case when p_state in ('failed', 'denied') then '{}'::jsonb end
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  return v_number;
end
$$;

create or replace function tests.the_call(p_run_id bigint, p_key text, p_number integer default 1) returns goalpost.tool_calls
language sql stable set search_path = ''
as $$ select c from goalpost.tool_calls c where c.run_id = p_run_id and c.step_key = p_key and c.number = p_number $$;

-- A call that waits for a person's decision; the approval's id.
create or replace function tests.asks(
  p_run_id bigint, p_key text, p_kind text default 'tool_call', p_options jsonb default '{}', p_tool text default 'sql',
  p_arguments jsonb default '{"query": "select 1"}'
) returns bigint
language plpgsql set search_path = ''
as $$
begin
  return goalpost_private.ask_person(
    tests.step(p_run_id, p_key), p_kind,
    tests.call(p_run_id, p_key, case p_kind when 'outcome_unknown' then 'unknown' else 'waiting' end, p_tool, p_arguments),
    'May it?', jsonb_build_object('tool', p_tool), goalpost_private.clock(), p_options);
end
$$;

-- The step gives up its lease and waits for others, as the outcome "waiting" for others leaves it.
create or replace function tests.leave_waiting(p_run_id bigint, p_key text) returns void
language sql set search_path = ''
as $$
  update goalpost.steps set state = 'waiting', lease_expires_at = null, started_at = null, run_after = null
   where run_id = p_run_id and key = p_key
$$;

-- A decision as the API takes it. p_more: "comment", "edited", "answer", "hash".
create or replace function tests.decide(p_person text, p_approval_id bigint, p_decision text, p_more jsonb default '{}') returns jsonb
language sql
as $$
  select tests.json_for(p_person, format(
    'select goalpost.decide_approval(%s, %L, p_comment => %L, p_edited => %L, p_answer => %L, p_subject_hash => %L)',
    p_approval_id, p_decision, p_more ->> 'comment', p_more -> 'edited', p_more -> 'answer', p_more ->> 'hash'))
$$;

-- Approves the present version of an approval, as a person who saw it.
create or replace function tests.confirm(p_person text, p_approval_id bigint) returns jsonb
language sql
as $$
  select tests.decide(p_person, p_approval_id, 'approved', (
    select jsonb_build_object('hash', goalpost_private.version_of(a)) from goalpost.approvals a where a.id = p_approval_id))
$$;

-- The SQLSTATE that a decision is refused with, or 'none'; undone either way.
create or replace function tests.decided(p_person text, p_approval_id bigint, p_decision text, p_more jsonb default '{}') returns text
language plpgsql
as $$
begin
  perform tests.decide(p_person, p_approval_id, p_decision, p_more);
  raise exception using errcode = 'TT001';
exception
  when sqlstate 'TT001' then
    return 'none';
  when others then
    perform set_config('role', 'none', true);
    return sqlstate;
end
$$;

-- A model `m` of a provider `p` whose tokens cost one micro-dollar in, two out, a tenth from the cache and 1.25 into it.
create or replace function tests.price() returns void
language sql set search_path = ''
as $$
  insert into goalpost.model_prices (provider, model, valid_from, input_microusd, output_microusd, cached_microusd, cache_write_microusd, source)
  values ('p', 'm', '2020-01-01', 1000000, 2000000, 100000, 1250000, 'tests');
$$;

-- A model call of a step, noted as begin_turn notes it, side by side with others of that step: the refusal, or {"number"}.
create or replace function tests.reserve(
  p_run_id bigint, p_key text, p_input bigint default 1000, p_output bigint default 100, p_model text default 'm'
) returns jsonb
language plpgsql set search_path = ''
as $$
declare
  v_step constant goalpost.steps := tests.step(p_run_id, p_key);
  v_reserved record;
  v_number constant integer := 1 + (select coalesce(max(t.number), 0) from goalpost.step_turns t where t.run_id = p_run_id and t.step_key = p_key);
begin
  v_reserved := goalpost_private.reserve_turn(v_step,
    jsonb_build_object('purpose', 'work', 'provider', 'p', 'model', p_model, 'max_input_tokens', p_input, 'max_output_tokens', p_output),
    goalpost_private.clock());
  if v_reserved.refusal is not null then
    return v_reserved.refusal;
  end if;
  insert into goalpost.step_turns
    (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash, max_input_tokens,
     max_output_tokens, reserved_microusd, asked_at)
  values (p_run_id, p_key, v_number, v_step.workspace_id, v_step.attempt, v_step.lease_epoch, 'work', 'p', p_model, '',
          v_reserved.max_input_tokens, v_reserved.max_output_tokens, v_reserved.reserved_microusd, goalpost_private.clock());
  return jsonb_build_object('number', v_number);
end
$$;

-- Ends of a model call, as workers report them: an answer with its usage, and an end whose usage is unknown.
create or replace function tests.answer(p_input bigint, p_output bigint, p_cached bigint default 0, p_written bigint default 0) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object('answer', '{"text": "reply"}'::jsonb, 'usage', jsonb_build_object(
    'input_tokens', p_input, 'output_tokens', p_output, 'cached_tokens', p_cached, 'cache_write_tokens', p_written))
$$;

create or replace function tests.no_end() returns jsonb
language sql immutable set search_path = ''
as $$ select '{"error": {"code": "model_timeout", "message": "no answer in time", "retryable": true}, "charged": "unknown"}'::jsonb $$;

-- Ends a model call through end_turn, as the worker that began it, whether it holds the lease or not.
create or replace function tests.end_turn(p_run_id bigint, p_key text, p_number integer, p_end jsonb) returns jsonb
language sql set search_path = ''
as $$
  select goalpost_worker.end_turn(p_run_id, p_key, t.lease_epoch, p_number, p_end)
    from goalpost.step_turns t where t.run_id = p_run_id and t.step_key = p_key and t.number = p_number
$$;

-- Spends so many micro-dollars on one model call of a step, which is claimed first if it is ready.
create or replace function tests.spend(p_run_id bigint, p_key text, p_microusd bigint) returns jsonb
language plpgsql set search_path = ''
as $$
begin
  if not exists (select from goalpost.model_prices where provider = 'p') then
    perform tests.price();
  end if;
  if tests.state(p_run_id, p_key) = 'ready' then
    perform tests.start(p_run_id, p_key);
  end if;
  return tests.end_turn(p_run_id, p_key, (tests.reserve(p_run_id, p_key, p_microusd) ->> 'number')::integer, tests.answer(p_microusd, 0));
end
$$;

-- The caps of a run: 'workspace_month 0+2700/250000000 …', spent, reserved and cap in micro-dollars, in the order of
-- locks.
create or replace function tests.caps(p_run_id bigint) returns text
language sql stable set search_path = ''
as $$
  select string_agg(format('%s %s+%s/%s', b.scope, b.spent_microusd, b.reserved_microusd, b.cap_microusd), ', ' order by o.place)
    from goalpost_private.budgets_of(p_run_id, goalpost_private.clock()) o join goalpost.budgets b using (workspace_id, scope, key)
$$;

-- A neighbour: the step `0` of a run, which sorts before all others and waits for a person, with turns and calls under
-- the numbers that tests use. A test that works on another step of the run may not change them: an error is raised.
create or replace function tests.neighbour(p_run_id bigint) returns void
language plpgsql set search_path = ''
as $$
declare
  v_table text;
begin
  perform tests.bare_step(p_run_id, '0', 'waiting', 'agent');
  -- They cost nothing, so that the books add up without them.
  insert into goalpost.step_turns
    (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash, max_input_tokens, max_output_tokens, asked_at, state, ended_at, answer)
  select s.run_id, s.key, n, s.workspace_id, 1, 0, 'work', 'openai', 'm', tests.hash('q'), 0, 0, goalpost_private.clock(),
         case n when 2 then 'answered' else 'asked' end, case n when 2 then now() end, case n when 2 then '{"text": "of a neighbour"}'::jsonb end
    from goalpost.steps s, generate_series(1, 5) n where s.run_id = p_run_id and s.key = '0';
  perform tests.bare_call(p_run_id, '0', c.number, c.state, jsonb_build_object('lease_epoch', 0, 'call_id', 'of a neighbour', 'idempotent', false,
            'works_in_step', case c.state when 'waiting' then 'b' end))
     from (values (1, 'running'), (2, 'intended'), (3, 'waiting'), (4, 'done'), (5, 'failed')) c (number, state);
  insert into goalpost.approvals (workspace_id, run_id, step_key, kind, call_number, question, shown, required_role, on_reject, requested_at, expires_at)
  select s.workspace_id, s.run_id, s.key, 'tool_call', 3, 'May it?', '{}', 'approver', 'fail', now(), '2500-01-01'
    from goalpost.steps s where s.run_id = p_run_id and s.key = '0';
  foreach v_table in array array['tool_calls', 'step_turns'] loop
    if not exists (select from pg_catalog.pg_trigger where tgrelid = ('goalpost.' || v_table)::regclass and tgname = 'neighbour') then
      execute format('create trigger neighbour before insert or update or delete on goalpost.%I
                      for each row execute function tests.refuse_change_of_neighbour()', v_table);
    end if;
  end loop;
end
$$;

create or replace function tests.refuse_change_of_neighbour() returns trigger
language plpgsql set search_path = ''
as $$
begin
  -- It has five rows at first, and its open turns and calls are closed when its step ends.
  if coalesce(new.step_key, old.step_key) = '0' and (tg_op <> 'INSERT' or new.number > 5)
     and not (tg_op = 'UPDATE' and new.error ? 'closed_from') then
    raise exception 'a row of a neighbour changes: % of %', tg_op, tg_table_name;
  end if;
  return coalesce(new, old);
end
$$;

-- The entries of the books that do not add up; '{}' where all do. The last assertion of every test that spends.
create or replace function tests.unbalanced() returns text[]
language sql stable set search_path = ''
as $$ select coalesce(array_agg(u.problem), '{}') from goalpost_private.unbalanced_budgets() u $$;

-- A step of a bare agent, running.
create or replace function tests.working(p_person text default 'mia', p_workspace text default 'acme', p_budget jsonb default '{}') returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_run_id constant bigint := tests.bare_run(p_workspace, p_person);
begin
  update goalpost.requests set budget = p_budget where id = (tests.request_of(v_run_id)).id;
  perform tests.bare_step(v_run_id, 'a', 'running', 'agent');
  return v_run_id;
end
$$;

-- The decision of policy on a call that a step requests: 'allow default'.
create or replace function tests.policy(p_run_id bigint, p_key text, p_tool text, p_arguments jsonb default '{"query": "select 1"}') returns text
language plpgsql stable set search_path = ''
as $$
declare
  v_call goalpost.tool_calls;
  v_said record;
begin
  v_call.run_id := p_run_id;
  v_call.step_key := p_key;
  v_call.number := 1 + (select count(*) from goalpost.tool_calls c where c.run_id = p_run_id and c.step_key = p_key);
  v_call.tool := p_tool;
  v_call.arguments := p_arguments;
  v_call.arguments_hash := goalpost_private.hash_of(p_arguments);
  v_said := goalpost_private.decide_call(tests.step(p_run_id, p_key), v_call, goalpost_private.clock());
  return v_said.decision || ' ' || v_said.rule || case when (v_said.message is null) = (v_said.decision = 'allow') then '' else ' without a word' end;
end
$$;

-- Tools for policies: `read` (its result is written by others), `look` (nothing special), `send` (writes), `mail` (a
-- person always approves), `fetch` (a person approves when tainted), `ask_human` and `submit_result` (control), and an
-- agent `hand` that has all.
create or replace function tests.tools() returns void
language sql set search_path = ''
as $$
  insert into goalpost.tools (name, description, parameters, idempotent, writes, returns_untrusted, approval, control, max_calls_per_step)
  values ('read', 'd', '{}', true, false, true, 'never', false, 100), ('look', 'd', '{}', true, false, false, 'never', false, 100),
         ('send', 'd', '{}', false, true, false, 'never', false, 3), ('mail', 'd', '{}', false, true, false, 'always', false, 100),
         ('fetch', 'd', '{}', true, false, false, 'when_tainted', false, 100),
         ('ask_human', 'd', '{}', true, false, false, 'never', true, 100), ('submit_result', 'd', '{}', true, false, false, 'never', true, 100)
  on conflict (name) do update set returns_untrusted = excluded.returns_untrusted, approval = excluded.approval, control = excluded.control,
    writes = excluded.writes, max_calls_per_step = excluded.max_calls_per_step;
  insert into goalpost.agents (workspace_id, name, role, tools)
  select w.id, 'hand', 'r', array['read', 'look', 'send', 'mail', 'fetch', 'ask_human'] from goalpost.workspaces w;
$$;

-- A row in each table of requests, spending and settings: for tests that try every table.
create or replace function tests.furnish(p_run_id bigint, p_key text) returns void
language sql set search_path = ''
as $$
  insert into goalpost.tool_policies (workspace_id, name, tool, effect)
  select s.workspace_id, 'own', 'sql', 'allow' from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.rate_limits (workspace_id, scope, name, slots)
  select s.workspace_id, 'tool', 'sql', 1 from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost_private.limit_slots (limit_id, slot, free_again_at) select l.id, 1, '-infinity' from goalpost.rate_limits l on conflict do nothing;
  select tests.asks(p_run_id, p_key, 'tool_call', '{"quorum": 2}');
  insert into goalpost.approval_votes (approval_id, user_id, workspace_id, voted_at)
  select a.id, tests.id_of('petra'), a.workspace_id, goalpost_private.clock() from goalpost.approvals a where a.run_id = p_run_id and a.step_key = p_key;
  update goalpost.approvals a set decided_with = a.id where a.run_id = p_run_id and a.step_key = p_key;
  insert into goalpost.corrections (approval_id, workspace_id, goal_id, run_id, step_key, kind, agent_id, proposed, corrected, corrected_by, created_at)
  select a.id, a.workspace_id, a.goal_id, a.run_id, a.step_key, a.kind, s.agent_id, '{}', '{}', tests.id_of('petra'), goalpost_private.clock()
    from goalpost.approvals a join goalpost.steps s on s.run_id = a.run_id and s.key = a.step_key where a.run_id = p_run_id and a.step_key = p_key;
  insert into goalpost.invitations (workspace_id, workspace_name, email, role, invited_by, created_at, expires_at)
  select s.workspace_id, 'w', 'furnished@tests.example', 'viewer', tests.id_of('petra'), goalpost_private.clock(), goalpost_private.clock() + interval '1 day'
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  -- Only ended goals are rated; this one goes on.
  alter table goalpost.feedback disable trigger append_rating;
  insert into goalpost.feedback (goal_id, step_key, user_id, workspace_id, rating)
  select r.goal_id, p_key, gen_random_uuid(), r.workspace_id, 'good' from goalpost.workflow_runs r where r.id = p_run_id;
  alter table goalpost.feedback enable trigger append_rating;
  insert into goalpost_private.rating_effects (workspace_id, goal_id, step_key, effect) select r.workspace_id, r.goal_id, p_key, 0 from goalpost.workflow_runs r where r.id = p_run_id;
  insert into goalpost.runbook_matches
    (run_id, revision, runbook_id, workspace_id, position, relevance, type_prior, success, cost_factor, score, is_explored, fit, uncovered, is_chosen)
  select s.run_id, 1, (select b.id from goalpost.runbooks b order by b.workspace_id = s.workspace_id desc nulls last, b.id limit 1), s.workspace_id, 1, 1, 1, 1, 1, 1, false, 'use', '{}', true
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, approval_id, memory_id, runbook_id, state, created_at, changed_at)
  select s.workspace_id, 'finding', 't', '{}', p_run_id || p_key, '{}', p_run_id,
         (select max(a.id) from goalpost.approvals a where a.workspace_id = s.workspace_id), (select max(m.id) from goalpost.memories m where m.workspace_id = s.workspace_id),
         (select max(b.id) from goalpost.runbooks b where b.workspace_id = s.workspace_id), 'applied', goalpost_private.clock(), goalpost_private.clock()
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.memory_statistics (workspace_id, memory_id, folded_at)
  select s.workspace_id, (select max(m.id) from goalpost.memories m where m.workspace_id = s.workspace_id), goalpost_private.clock()
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key and exists (select from goalpost.memories m where m.workspace_id = s.workspace_id)
  on conflict do nothing;
  insert into goalpost_private.analysis_schedule select s.workspace_id, goalpost_private.clock(), goalpost_private.clock() from goalpost.steps s where s.run_id = p_run_id and s.key = p_key
  on conflict do nothing;
  insert into goalpost_private.departures values (tests.id_of('nowhere'), tests.id_of('gone'), goalpost_private.clock()) on conflict do nothing;
  select goalpost_private.open_budgets(p_run_id, goalpost_private.clock());
  insert into goalpost_private.budget_waiters (run_id, step_key, workspace_id, needs_microusd, needs_tokens, since)
  select s.run_id, s.key, s.workspace_id, 1, 1, goalpost_private.clock() from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.budget_raises (approval_id, workspace_id, scope, key, from_microusd, to_microusd, from_tokens, to_tokens, raised_by, raised_at)
  select a.id, b.workspace_id, b.scope, b.key, 1, 2, 1, 2, tests.id_of('petra'), goalpost_private.clock()
    from goalpost.approvals a join goalpost.budgets b on b.workspace_id = a.workspace_id and b.scope = 'workspace_month' where a.run_id = p_run_id and a.step_key = p_key;
  insert into goalpost.step_turns (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash, max_input_tokens, max_output_tokens, asked_at)
  select s.run_id, s.key, 1 + (select count(*) from goalpost.step_turns t where t.run_id = s.run_id and t.step_key = s.key), s.workspace_id, 1, 1, 'work', 'p', 'm', '', 1, 1, goalpost_private.clock() from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
$$;

-- Looking -----------------------------------------------------------------------------------------------------------

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

-- Memory -----------------------------------------------------------------------------------------------------------

-- An embedding that points along one axis, as it is sent.
create or replace function tests.along(p_axis integer) returns jsonb
language sql as $$ select jsonb_agg(case when n = p_axis then 1 else 0 end order by n) from generate_series(1, 1024) n $$;

-- A memory inserted directly. Further columns come from p_more, by name.
create or replace function tests.memory(p_text text, p_scope text default 'workspace', p_more jsonb default '{}', p_workspace text default 'acme')
returns bigint
language plpgsql as $$
declare
  v_id bigint;
begin
  insert into goalpost.memories
    (workspace_id, scope, goal_id, user_id, agent_name, kind, title, text, space, embedding, trust, created_at, expires_at)
  values
    (tests.id_of(p_workspace), p_scope, (p_more ->> 'goal_id')::bigint, (p_more ->> 'user_id')::uuid, p_more ->> 'agent_name',
     coalesce(p_more ->> 'kind', 'fact'), coalesce(p_more ->> 'title', ''), p_text,
     case when p_more ? 'axis' then coalesce(p_more ->> 'space', 'lexical-1') end,
     case when p_more ? 'axis' then tests.along((p_more ->> 'axis')::integer)::text::extensions.vector end,
     coalesce(p_more ->> 'trust', 'trusted'), goalpost_private.clock(),
     coalesce((p_more ->> 'expires_at')::timestamptz, goalpost_private.clock() + interval '1 day'))
  returning id into v_id;
  return v_id;
end
$$;

-- The texts that recall_memories returns to a running step, best first.
create or replace function tests.recalled(p_run_id bigint, p_key text, p_query text, p_more jsonb default '{}') returns text[]
language sql as $$
  select coalesce(array_agg(t.value ->> 'text' order by t.number), '{}')
    from jsonb_array_elements(goalpost_worker.recall_memories(
           p_run_id, p_key, (tests.step(p_run_id, p_key)).lease_epoch, coalesce((p_more ->> 'call_number')::integer, 0), p_query,
           case when p_more ? 'axis' then coalesce(p_more ->> 'space', 'lexical-1') end,
           case when p_more ? 'axis' then tests.along((p_more ->> 'axis')::integer) end,
           coalesce((p_more ->> 'limit')::integer, 8), coalesce((p_more ->> 'token_budget')::integer, 1500)))
         with ordinality t (value, number)
$$;

-- A call of a tool that a running step may make, inserted directly.
create or replace function tests.wish(p_run_id bigint, p_key text, p_number integer, p_tool text, p_arguments jsonb, p_state text default 'intended')
returns void
language sql as $$
  insert into goalpost.tool_calls
    (run_id, step_key, number, workspace_id, attempt, tool, tool_version, idempotent, writes, arguments, arguments_hash,
     idempotency_key, rule, created_at, state, started_at, ended_at, error)
  select p_run_id, p_key, p_number, s.workspace_id, s.attempt, p_tool, 1, true, false, p_arguments, 'h', 'k' || p_number,
         'default', goalpost_private.clock(), p_state, case when p_state = 'running' then goalpost_private.clock() end,
         case when p_state = 'denied' then goalpost_private.clock() end, case when p_state = 'denied' then '{}'::jsonb end
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key
$$;

-- The problems of a plan, as 'code code': sorted codes, each once. Two agents, of which only `reader` may use sql.
create or replace function tests.problems(p_plan jsonb, p_taken_keys text default '', p_limits jsonb default '{}') returns text
language sql set search_path = ''
as $$
  select coalesce(string_agg(distinct p ->> 'code', ' '), '')
    from jsonb_array_elements(goalpost_private.check_plan(
           p_plan, '{"reader": ["sql", "template"], "writer": ["template"]}', array['sql', 'template'],
           string_to_array(p_taken_keys, ' '),
           (select jsonb_populate_record(l, p_limits) from goalpost_private.limits l))) p
$$;

-- The journal ------------------------------------------------------------------------------------------------------

-- A goal with one agent's step 'a', claimed; its run.
create or replace function tests.agent_at_work(p_agent text default 'analyst') returns bigint
language plpgsql set search_path = ''
as $$
declare
  v_run_id bigint := tests.planned('a', jsonb_build_object('a', tests.agent(p_agent)));
begin
  perform tests.start(v_run_id, 'a');
  perform tests.neighbour(v_run_id);
  return v_run_id;
end
$$;

create or replace function tests.ask_of(p_hash text default 'q', p_more jsonb default '{}') returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object('purpose', 'work', 'provider', 'openai', 'model', 'm', 'request_hash', tests.hash(p_hash),
                            'max_input_tokens', 100, 'max_output_tokens', 50) || p_more
$$;

-- Begins a turn of step 'a' under its present epoch, or under one that is given.
create or replace function tests.asks_model(
  p_run_id bigint, p_hash text default 'q', p_ended jsonb default '[]', p_epoch bigint default null
) returns jsonb
language sql set search_path = ''
as $$
  select goalpost_worker.begin_turn(p_run_id, 'a', coalesce(p_epoch, (tests.step(p_run_id, 'a')).lease_epoch), tests.ask_of(p_hash), p_ended)
$$;

create or replace function tests.model_answers(
  p_run_id bigint, p_number integer, p_calls jsonb default '[]', p_end jsonb default null, p_epoch bigint default null
) returns jsonb
language sql set search_path = ''
as $$
  select goalpost_worker.end_turn(p_run_id, 'a', coalesce(p_epoch, (tests.step(p_run_id, 'a')).lease_epoch), p_number,
    coalesce(p_end, '{"answer": {"text": "reply"}, "usage": {"input_tokens": 10, "output_tokens": 5, "cached_tokens": 3, "reasoning_tokens": 2}}'), p_calls)
$$;

create or replace function tests.turn_of(p_run_id bigint, p_number integer) returns goalpost.step_turns
language sql stable set search_path = ''
as $$ select t from goalpost.step_turns t where t.run_id = p_run_id and t.step_key = 'a' and t.number = p_number $$;

create or replace function tests.call_of(p_run_id bigint, p_number integer, p_key text default 'a') returns goalpost.tool_calls
language sql stable set search_path = ''
as $$ select c from goalpost.tool_calls c where c.run_id = p_run_id and c.step_key = p_key and c.number = p_number $$;

-- 'answered failed', in their order.
create or replace function tests.turns(p_run_id bigint) returns text
language sql stable set search_path = ''
as $$ select string_agg(t.state, ' ' order by t.number) from goalpost.step_turns t where t.run_id = p_run_id and t.step_key <> '0' $$;

create or replace function tests.calls(p_run_id bigint) returns text
language sql stable set search_path = ''
as $$ select string_agg(c.state, ' ' order by c.number) from goalpost.tool_calls c where c.run_id = p_run_id and c.step_key <> '0' $$;

-- The worker of the run's step dies; the sweep finds out, and another claims the step.
create or replace function tests.lose(p_run_id bigint, p_key text default 'a') returns void
language plpgsql set search_path = ''
as $$
begin
  perform tests.advance_clock('1 minute');
  perform goalpost_private.sweep();
  perform tests.start(p_run_id, p_key);
end
$$;

-- Policy and people as a test needs them: a fixed decision on every call, and the questions put to people (tests.asked).
create table if not exists tests.asked (kind text, call_number integer, question text, shown jsonb);
create or replace function tests.policy_decides(p_decision text, p_rule text default 'a_rule', p_message text default null) returns void
language plpgsql set search_path = ''
as $$
begin
  execute format(
    'create or replace function goalpost_private.decide_call(
       p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz, out decision text, out rule text, out message text)
     language sql stable set search_path = '''' as %L', format('select %L, %L, %L::text', p_decision, p_rule, p_message));
  execute $sql$
    create or replace function goalpost_private.ask_person(
      p_step goalpost.steps, p_kind text, p_call_number integer, p_question text, p_shown jsonb, p_now timestamptz, p_options jsonb default '{}'
    ) returns bigint language sql set search_path = ''
    as 'insert into tests.asked values (p_kind, p_call_number, p_question, p_shown) returning 1::bigint' $sql$;
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

-- Requests, runs and steps for tests: inserted directly in any state, or made as the functions do it.

-- A transaction of its own: a runner that sends the file as one message would roll this back with the end.
begin;

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

-- Checks the setup itself.
commit;

begin;
select plan(1);
select tests.world();
select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a');
select is(tests.claimed_keys('tool'), 'a', 'a step inserted directly as ready is claimed');
select * from finish();
rollback;

-- Memories, recall and the journal of a step for tests.

-- A transaction of its own: a runner that sends the file as one message would roll this back with the end.
begin;

-- Memory -----------------------------------------------------------------------------------------------------------

-- An embedding that points along one axis, as it is sent.
create or replace function tests.along(p_axis integer) returns jsonb
language sql as $$ select jsonb_agg(case when n = p_axis then 1 else 0 end order by n) from generate_series(1, 1024) n $$;

-- A vector of length 1 in the plane of the first two axes, with this cosine to the first.
create or replace function tests.toward(p_cosine double precision) returns jsonb
language sql as $$
  select jsonb_agg(case n when 1 then p_cosine when 2 then sqrt(1 - p_cosine ^ 2) else 0 end order by n) from generate_series(1, 1024) n $$;

-- Vectors of a runbook in a space, one for each of its texts, each with this cosine to the first axis. The space has the
-- baseline 0.5.
create or replace function tests.embed_runbook(p_runbook text, p_space text, p_cosine double precision) returns void
language sql as $$
  insert into goalpost.embedding_spaces (name, baseline) values (p_space, 0.5) on conflict (name) do update set baseline = 0.5;
  select goalpost_private.keep_runbook_embeddings(tests.id_of('acme'), p_space, jsonb_agg(jsonb_build_object('runbook_id', b.id, 'embeddings',
           (select jsonb_agg(tests.toward(p_cosine)) from unnest(goalpost_private.texts_of_runbook(b))))))
    from goalpost.runbooks b where b.name = p_runbook $$;

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
select tests.set('run', tests.agent_at_work());
select is(tests.state(tests.get('run'), 'a'), 'running', 'the step of an agent at work is running');
select * from finish();
rollback;

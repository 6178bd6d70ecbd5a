-- Tool calls, model calls, decisions of people and spending for tests.

-- A transaction of its own: a runner that sends the file as one message would roll this back with the end.
begin;

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
  insert into goalpost.schedules (workspace_id, name, user_id, question, cron, time_zone, next_at)
  select s.workspace_id, 'own', tests.id_of('petra'), 'q', '0 9 * * *', 'UTC', goalpost_private.clock() + interval '100 years' from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.schedule_ticks (workspace_id, schedule_id, tick_at, outcome, request_id, decided_at)
  select c.workspace_id, c.id, goalpost_private.clock() + c.id * interval '1 second', 'asked', r.request_id, goalpost_private.clock() from goalpost.schedules c join goalpost.workflow_runs r on r.workspace_id = c.workspace_id and r.id = p_run_id;
  insert into goalpost.request_rules (workspace_id, name, user_id, schema_name, table_name, events, question, columns, state)
  select s.workspace_id, 'own', tests.id_of('petra'), 'public', 'orders', '{insert}', 'q', '{}', 'paused' from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.rule_firings (workspace_id, rule_id, event, source, digest, outcome, request_id, changed_at, decided_at)
  select c.workspace_id, c.id, 'insert', 'trigger', '', 'asked', r.request_id, goalpost_private.clock(), goalpost_private.clock() from goalpost.request_rules c join goalpost.workflow_runs r on r.workspace_id = c.workspace_id and r.id = p_run_id;
  -- Of a rule that is gone: it is dropped when it is its turn.
  insert into goalpost_private.row_changes (workspace_id, rule_id, event, source, digest, row_values, changed_at)
  select s.workspace_id, -1, 'insert', 'trigger', '', '{}', goalpost_private.clock() from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.request_messages (workspace_id, source, message_id, user_id, outcome, request_id, decided_at)
  select r.workspace_id, 'supabase', gen_random_uuid()::text, tests.id_of('petra'), 'asked', r.request_id, goalpost_private.clock() from goalpost.workflow_runs r where r.id = p_run_id;
  insert into goalpost.notification_targets (workspace_id, user_id, name, kind, shown_address, occasions, created_by, created_at)
  select s.workspace_id, case t.name when 'mine' then (select m.user_id from goalpost.members m where m.workspace_id = s.workspace_id order by m.user_id limit 1) end,
         t.name, 'email', 'a@tests.example', '{}', tests.id_of('petra'), goalpost_private.clock()
    from goalpost.steps s cross join (values ('own'), ('mine')) t (name) where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.notifications (workspace_id, target_id, occasion, key, approval_id, request_id, state, created_at, ended_at)
  select t.workspace_id, t.id, 'approval.requested', 'furnished', (select min(a.id) from goalpost.approvals a where a.workspace_id = t.workspace_id), r.request_id, 'sent', goalpost_private.clock(), goalpost_private.clock()
    from goalpost.notification_targets t join goalpost.workflow_runs r on r.workspace_id = t.workspace_id and r.id = p_run_id where t.name = 'own';
  insert into goalpost_private.decision_links (notification_id, token_hash) select n.id, n.id from goalpost.notifications n where n.key = 'furnished' on conflict do nothing;
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
    (run_id, revision, runbook_id, workspace_id, position, relevance, relevance_by_words, type_prior, success, cost_factor, score, is_explored, fit, uncovered, is_chosen)
  select s.run_id, 1, (select b.id from goalpost.runbooks b order by b.workspace_id = s.workspace_id desc nulls last, b.id limit 1), s.workspace_id, 1, 1, 1, 1, 1, 1, 1, false, 'use', '{}', true
    from goalpost.steps s where s.run_id = p_run_id and s.key = p_key;
  insert into goalpost.runbook_embeddings (space, runbook_id, workspace_id, phrases, center)
  select 'lexical-1', b.id, b.workspace_id, array[v.axis], v.axis
    from goalpost.steps s
    join goalpost.runbooks b on b.workspace_id = s.workspace_id or b.workspace_id is null
   cross join (select array_fill(0.1::real, array[1024])::extensions.vector::extensions.halfvec as axis) v
   where s.run_id = p_run_id and s.key = p_key
  on conflict do nothing;
  insert into goalpost_private.request_embeddings (workspace_id, request_id, space, embedding)
  select r.workspace_id, r.request_id, 'lexical-1', array_fill(0.1::real, array[1024])::extensions.vector::extensions.halfvec from goalpost.workflow_runs r where r.id = p_run_id
  on conflict do nothing;
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
  insert into goalpost_private.objects_to_delete values ('w/1/a/0.json', goalpost_private.clock()) on conflict do nothing;
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

-- Checks the setup itself.
commit;

begin;
select plan(1);
select tests.world();
select tests.set('run', tests.working());
select is(tests.call(tests.get('run'), 'a'), 1, 'the first tool call of a step has the number 1');
select * from finish();
rollback;

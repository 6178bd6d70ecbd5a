-- A message of the queue becomes a request of its person, once; one that cannot be a request is archived with a reason.
begin;
select * from no_plan();
select tests.world(false);
-- As the dashboard creates it.
create schema if not exists pgmq_public;
grant usage on schema pgmq_public to authenticated, service_role, anon;
create or replace function pgmq_public.send(queue_name text, message jsonb, sleep_seconds integer default 0) returns setof bigint language plpgsql set search_path = '' as $$
begin
  return query select * from pgmq.send(queue_name := queue_name, msg := message, delay := sleep_seconds);
end $$;
create function pg_temp.send(p_person text, p_message jsonb) returns text language plpgsql as $$
begin
  return tests.value_for(p_person, format('select pgmq_public.send(''goalpost_requests'', %L)', p_message)) is not null;
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create function pg_temp.message(p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('workspace_id', tests.id_of('acme'), 'question', 'What is new?') || p_more $$;
create function pg_temp.taken() returns text language sql as $$ select goalpost_private.sweep() ->> 'messages_taken' $$;
create function pg_temp.outcomes() returns text language sql as $$
  select coalesce(string_agg(m.outcome || coalesce(' ' || m.reason, ''), ', ' order by m.id), 'none') from goalpost.request_messages m $$;

select is(pg_temp.send('mia', pg_temp.message()), 'true', 'a member sends a message through the wrapper');
select is((select message ->> 'user_id' from pgmq.q_goalpost_requests), tests.id_of('mia')::text, 'which carries the sender');
select is((select count(*) from goalpost.wakes where function = 'intake'), 1::bigint, 'and wakes intake');
select is(tests.value_for('mia', 'select count(*) from pgmq.q_goalpost_requests'), '1', 'the sender reads it');
select is(tests.value_for('petra', 'select count(*) from pgmq.q_goalpost_requests'), '0', 'and other people do not');
select is(pg_temp.taken() || ' ' || pg_temp.outcomes(), '1 asked', 'the sweep takes it');
select is((select format('%s %s %s %s', user_id = tests.id_of('mia'), question, state, rule_depth) from goalpost.requests), 't What is new? accepted 0', 'as a request of its sender');
select is((select count(*) from pgmq.q_goalpost_requests) + (select count(*) from pgmq.a_goalpost_requests), 0::bigint, 'and it has left the queue');
select is(pg_temp.taken(), '0', 'a second sweep takes nothing');

-- Whose message it is.
select pg_temp.send('mia', pg_temp.message(jsonb_build_object('user_id', tests.id_of('olga'))));
select pg_temp.taken();
select is((select user_id from goalpost.requests order by id desc limit 1), tests.id_of('mia'), 'a person who names another one sends as themselves');
select matches(pg_temp.send('mia', '[1]'), '^ZG003', 'a person''s message is an object');
select set_config('request.jwt.claims', '{"role": "anon"}', true);
select throws_ok(format('select pgmq.send(''goalpost_requests'', %L::jsonb)', pg_temp.message()), 'ZG002', null, 'a message without a signed-in sender is refused');
select set_config('request.jwt.claims', '{"role": "service_role"}', true);
select lives_ok(format('select pgmq.send(''goalpost_requests'', %L::jsonb)', pg_temp.message(jsonb_build_object('user_id', tests.id_of('petra')))), 'the project''s back end sends');
select set_config('request.jwt.claims', '', true);
select pg_temp.taken();
select is((select user_id from goalpost.requests order by id desc limit 1), tests.id_of('petra'), 'for the person that it names');

-- Keys, batches, claims.
delete from goalpost.request_messages;
select pg_temp.send('mia', pg_temp.message('{"idempotency_key": "k", "context": {"a": 1}, "budget": {"max_tokens": 5}}')) from generate_series(1, 2);
select pg_temp.send('mia', pg_temp.message('{"idempotency_key": "k", "context": {"a": 1}, "budget": {"max_tokens": 5}}' || more))
  from unnest(array['{"question": "Another?"}', '{"context": {"a": 2}}', '{"budget": {"max_tokens": 6}}', '{"parameters": {"a": 1}}']::jsonb[]) more;
select jsonb_array_length(goalpost_worker.claim_steps('{assess}', 10, 60, 'w'));
select is(pg_temp.outcomes(), 'asked, repeated' || repeat(', refused its idempotency key was used for another request', 4), 'a claim of intake takes messages too; a key is one request');
select is((select context || budget from goalpost.requests where idempotency_key = 'k'), '{"a": 1, "max_tokens": 5}', 'with all that the message names');
select is((select count(*) from pgmq.a_goalpost_requests), 4::bigint, 'what is refused is archived');

-- What is no request.
delete from goalpost.request_messages;
select pgmq.send('goalpost_requests', m)
  from unnest(array['null', '1', '[]', '{}', '{"question": "q"}', pg_temp.message() || '{"user_id": "x"}', pg_temp.message() || '{"workspace_id": "x", "user_id": "y"}', pg_temp.message() || jsonb_build_object('user_id', tests.id_of('vera')),
    pg_temp.message() || jsonb_build_object('user_id', tests.id_of('sam')), pg_temp.message() || jsonb_build_object('user_id', tests.id_of('mia'), 'colour', 'red'), pg_temp.message() || jsonb_build_object('user_id', tests.id_of('mia'), 'question', ' '),
    pg_temp.message() || jsonb_build_object('user_id', tests.id_of('mia'), 'budget', '{"a": 1}'::jsonb), pg_temp.message() || jsonb_build_object('user_id', tests.id_of('mia'), 'context', jsonb_build_object('a', repeat('x', 300000)))]::jsonb[]) m;
select is(pg_temp.taken(), '13', 'messages that are no requests are taken');
select is((select string_agg(distinct outcome, ' ') from goalpost.request_messages where reason is not null), 'refused', 'and refused, each with a reason');
select is((select count(*) from goalpost.request_messages where workspace_id is not null), 2::bigint, 'a workspace has those of its members alone');
select is((select count(*) from pgmq.a_goalpost_requests), 17::bigint, 'and all are archived');
select is(tests.value_for('vera', 'select count(*) from goalpost.request_messages'), '2', 'members read what their messages led to');
insert into goalpost.project_admins values (tests.id_of('sam'));
select is(tests.value_for('sam', 'select count(*) from goalpost.request_messages'), '11', 'project admins read those of no workspace');

-- A full workspace.
update goalpost.workspaces set max_open_requests = 1 where id = tests.id_of('acme');
select pg_temp.send('mia', pg_temp.message());
select is(pg_temp.taken(), '0', 'a message waits while its workspace has too many open requests');
select is((select vt > clock_timestamp() from pgmq.q_goalpost_requests), true, 'in the queue, for some seconds');
update goalpost.workspaces set max_open_requests = 1000;
select pgmq.set_vt('goalpost_requests', (select msg_id from pgmq.q_goalpost_requests), -1);
select is(pg_temp.taken(), '1', 'and is taken when there is room');
select pgmq.send('goalpost_requests', pg_temp.message(jsonb_build_object('user_id', tests.id_of('mia'))), 60);
select is(pg_temp.taken(), '0', 'a delayed message is taken later');
-- A runbook that does not exist fails its request, as for every other way in.
select pg_temp.send('mia', pg_temp.message('{"runbook": "none"}'));
select pg_temp.taken();
select matches((select reason from goalpost.requests order by id desc limit 1), 'no runbook called none', 'a runbook that is not there fails the request with the reason');
select * from finish();
rollback;

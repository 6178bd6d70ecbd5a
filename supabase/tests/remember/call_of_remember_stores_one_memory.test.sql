-- The memory has the text and scope of the call, once for any number of repetitions.
begin;
select plan(7);
select tests.world(p_bystanders => false);
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.wish(tests.get('run'), 'a', 1, 'remember', '{"text": "Invoices are in euro", "title": "Currency", "kind": "lesson", "scope": "workspace"}');
select tests.wish(tests.get('run'), 'a', 2, 'remember', '{"text": "Of this goal"}');
select tests.wish(tests.get('run'), 'a', 3, 'remember', '{"text": "Of the person", "scope": "user"}');
select tests.wish(tests.get('run'), 'a', 4, 'remember', '{"text": "Of the agent", "scope": "agent"}');
create function pg_temp.remember(p_number integer) returns jsonb language sql as $$
  select goalpost_worker.remember(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, p_number, 'lexical-1', tests.along(1)) $$;
select is(pg_temp.remember(1), pg_temp.remember(1), 'a repeated call returns the same memory');
select pg_temp.remember(n) from generate_series(2, 4) n;
select results_eq(
  $$ select scope, kind, title, text, trust from goalpost.memories order by id $$,
  $$ values ('workspace', 'lesson', 'Currency', 'Invoices are in euro', 'trusted'), ('goal', 'fact', '', 'Of this goal', 'trusted'),
            ('user', 'fact', '', 'Of the person', 'trusted'), ('agent', 'fact', '', 'Of the agent', 'trusted') $$, 'each memory has the fields of its call');
select is((select user_id from goalpost.memories where scope = 'user'), tests.id_of('mia'), 'a memory of scope user is that of the requester');
select is((select agent_name from goalpost.memories where scope = 'agent'), 'analyst', 'a memory of scope agent is that of the agent');
select tests.advance_clock('1 minute');
select pg_temp.remember(1);
select is((select ended_at from goalpost.tool_calls where number = 1), goalpost_private.clock() - interval '1 minute', 'a repeated call keeps the time of its first end');
select is((select string_agg(state, ' ') from goalpost.tool_calls), 'done done done done', 'all four calls are done');
select is((select result from goalpost.tool_calls where number = 1), pg_temp.remember(1), 'the result of the call is its memory');

select * from finish();
rollback;

-- What the call says, for whom it says, once however often it is sent.
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
select is(pg_temp.remember(1), pg_temp.remember(1), 'the same twice');
select pg_temp.remember(n) from generate_series(2, 4) n;
select results_eq(
  $$ select scope, kind, title, text, trust from goalpost.memories order by id $$,
  $$ values ('workspace', 'lesson', 'Currency', 'Invoices are in euro', 'trusted'), ('goal', 'fact', '', 'Of this goal', 'trusted'),
            ('user', 'fact', '', 'Of the person', 'trusted'), ('agent', 'fact', '', 'Of the agent', 'trusted') $$, 'as the calls say');
select is((select user_id from goalpost.memories where scope = 'user'), tests.id_of('mia'), 'the person it works for');
select is((select agent_name from goalpost.memories where scope = 'agent'), 'analyst', 'the agent it is');
select tests.advance_clock('1 minute');
select pg_temp.remember(1);
select is((select ended_at from goalpost.tool_calls where number = 1), goalpost_private.clock() - interval '1 minute', 'done when it was done first');
select is((select string_agg(state, ' ') from goalpost.tool_calls), 'done done done done', 'the calls are done');
select is((select result from goalpost.tool_calls where number = 1), pg_temp.remember(1), 'with the memory''s number');

select * from finish();
rollback;

-- A step may poll: the same call again is a loop only where the last two ended alike. max_calls_per_step bounds both.
begin;
select plan(12);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'))));
create function pg_temp.decision() returns text language sql as $$ select tests.policy(tests.get('run'), 'a', 'fetch', '{"job": 7}') $$;
create function pg_temp.ended(p_result text, p_key text default 'a', p_arguments jsonb default '{"job": 7}') returns integer language sql as $$
  select tests.call(tests.get('run'), p_key, 'done', 'fetch', p_arguments, jsonb_build_object('result', jsonb_build_object('status', p_result))) $$;

select pg_temp.ended('done', 'b');
select tests.call(tests.get('run'), 'b', 'intended', 'fetch', '{"job": 7}');
select ok(not goalpost_private.is_loop(tests.the_call(tests.get('run'), 'b', 2)), 'a call that is decided on again is not counted itself');
select tests.call(tests.get('run'), 'b', 'intended', 'fetch', '{"job": 7}');
select ok(not goalpost_private.is_loop(tests.the_call(tests.get('run'), 'b', 1)), 'later calls do not count for an earlier one');
select tests.set('other_run', tests.planned('a', jsonb_build_object('a', tests.agent('hand'))));
select tests.call(tests.get('other_run'), 'a', 'done', 'fetch', '{"job": 7}') from generate_series(1, 2);
select tests.call(tests.get('run'), 'a', 'done', 'look', '{"job": 7}') from generate_series(1, 2);
select pg_temp.ended('done', 'a', '{"job": 8}') from generate_series(1, 2);
select is(pg_temp.decision(), 'allow default', 'calls of other runs, steps, tools or arguments are no loop');
select pg_temp.ended('queued');
select is(pg_temp.decision(), 'allow default', 'a second call is allowed');
select pg_temp.ended('running');
select is(pg_temp.decision(), 'allow default', 'a third call is allowed after two different results');
select pg_temp.ended('running');
select is(pg_temp.decision(), 'deny loop', 'a call is denied after the same result twice in a row');
select pg_temp.ended('queued');
select is(pg_temp.decision(), 'allow default', 'a result that differs from the one before ends the loop');
select tests.call(tests.get('run'), 'a', 'intended', 'fetch', '{"job": 7}');
select is(pg_temp.decision(), 'deny loop', 'a call that has not ended yet counts as the one before it');
update goalpost.tool_calls set state = 'failed', error = '{"code": "http_failed"}', ended_at = now() where run_id = tests.get('run') and state = 'intended';
select is(pg_temp.decision(), 'allow default', 'a failure is another result');
select tests.call(tests.get('run'), 'a', 'denied', 'fetch', '{"job": 7}');
update goalpost.tool_calls set rule = 'loop', error = '{"code": "tool_denied"}' where run_id = tests.get('run') and state = 'denied';
select is(pg_temp.decision(), 'allow default', 'a denied loop is no result');
update goalpost.tool_calls set result = '{"status": "running"}', error = null, state = 'done' where run_id = tests.get('run') and state = 'failed';
update goalpost.tool_calls set result = '{"status": "running"}' where run_id = tests.get('run') and step_key = 'a' and result = '{"status": "queued"}';
select is(pg_temp.decision(), 'deny loop', 'after a denied loop the two calls before it decide');
update goalpost.tools set max_calls_per_step = 3 where name = 'fetch';
update goalpost.tool_calls set result = jsonb_build_object('status', number) where run_id = tests.get('run') and step_key = 'a' and state = 'done';
select is(pg_temp.decision(), 'deny max_calls_per_step', 'polling is bounded by the calls of a step');

select * from finish();
rollback;

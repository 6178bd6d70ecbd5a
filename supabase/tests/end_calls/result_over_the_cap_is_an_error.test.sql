-- The call was carried out, but its result cannot be kept.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
update goalpost_private.limits set max_result_bytes = 50;
select tests.bare_call(tests.get('run'), 'a', n) from generate_series(1, 2) n;
select goalpost_worker.end_calls(tests.get('run'), 'a', 1, jsonb_build_array(
  jsonb_build_object('number', 1, 'result', repeat('x', 60)),
  jsonb_build_object('number', 2, 'error', jsonb_build_object('code', 'e', 'message', repeat('x', 9000), 'more', 1))));
select is((select (c.state, c.error ->> 'code')::text from tests.call_of(tests.get('run'), 1) c), '(failed,result_too_large)', 'a call with a result over the cap fails with result_too_large');
select is(length((tests.call_of(tests.get('run'), 2)).error ->> 'message'), 4000, 'an error message is cut to 4000 characters');

select * from finish();
rollback;

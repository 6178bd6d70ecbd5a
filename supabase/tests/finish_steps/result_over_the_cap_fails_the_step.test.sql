-- The step fails without a retry: another attempt would bring the same result.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
update goalpost_private.limits set max_result_bytes = 1000;
select is(tests.complete(tests.get('run'), 'a', jsonb_build_object('t', repeat('x', 1000))), 'accepted', 'a completion over the cap is accepted from the worker');
select is(tests.state(tests.get('run'), 'a'), 'failed', 'the step of a result over the cap fails');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'result_too_large', 'the error code of the step is result_too_large');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails with the step');

select * from finish();
rollback;

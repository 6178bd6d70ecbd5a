-- The cap on results has a value; trying again would bring the same.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
update goalpost_private.limits set max_result_bytes = 1000;
select is(tests.complete(tests.get('run'), 'a', jsonb_build_object('t', repeat('x', 1000))), 'accepted', 'the worker is done with it');
select is(tests.state(tests.get('run'), 'a'), 'failed', 'the step is not');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'result_too_large', 'for this reason');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails with it');

select * from finish();
rollback;

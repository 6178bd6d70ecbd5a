-- Every lost lease costs an attempt; after the last one the step has a dead letter.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('a', '{"a": {"max_attempts": 2}}'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('31 seconds');
select goalpost_worker.sweep();
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('31 seconds');
select goalpost_worker.sweep();
select is(tests.state(tests.get('run'), 'a'), 'failed', 'the step fails when its last lease expires');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'lease_expired', 'the error code of the lost step is lease_expired');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 4::bigint, 'the epoch of the last worker is raised too');
select is((select count(*) from goalpost.dead_letters where run_id = tests.get('run')), 1::bigint, 'the failed step has one dead letter');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails with the step');

select * from finish();
rollback;

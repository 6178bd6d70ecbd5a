-- pending -> expired; by default that is a failure.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('ap, b:ap', jsonb_build_object('ap', tests.approval('{"expires_after_seconds": 3600}'))));
select tests.advance_clock('59 minutes 59 seconds');
select is((goalpost_worker.sweep()) ->> 'approvals_expired', '0', 'not yet');
select tests.advance_clock('1 second');
select is((goalpost_worker.sweep()) ->> 'approvals_expired', '1', 'now');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'expired', 'the approval');
select is((tests.step(tests.get('run'), 'ap')).error ->> 'code', 'expired', 'the step');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run failed with it');

select * from finish();
rollback;

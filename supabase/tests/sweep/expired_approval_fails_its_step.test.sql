-- pending -> expired; by default the step fails.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('ap, b:ap', jsonb_build_object('ap', tests.approval('{"expires_after_seconds": 3600}'))));
select tests.advance_clock('59 minutes 59 seconds');
select is((goalpost_worker.sweep()) ->> 'approvals_expired', '0', 'an approval before its expiry does not expire');
select tests.advance_clock('1 second');
select is((goalpost_worker.sweep()) ->> 'approvals_expired', '1', 'an approval at its expiry expires');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'expired', 'the approval is in the state expired');
select is((tests.step(tests.get('run'), 'ap')).error ->> 'code', 'expired', 'the step of an expired approval fails with expired');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails with the step');

select * from finish();
rollback;

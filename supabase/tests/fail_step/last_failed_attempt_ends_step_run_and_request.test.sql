-- A retryable failure without attempts left leaves a dead letter and fails the run, the goal and the request.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a, b:a', '{"a": {"max_attempts": 2}}'));
select tests.fail(tests.get('run'), 'a', '{"retryable": true, "retry_after_seconds": 0, "message": "first"}');
select tests.fail(tests.get('run'), 'a', '{"retryable": true, "message": "second"}');

select tests.report_failure(tests.get('run'));
select is(tests.states(tests.get('run')), 'a=failed b=cancelled judge=completed', 'the step fails and its dependent is cancelled');
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails with the step');
select is((tests.goal_of(tests.get('run'))).state, 'failed', 'the goal fails with its run');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request fails with its goal');
select is((tests.request_of(tests.get('run'))).reason, 'step a failed: second', 'the reason of the request names the step''s last error');
select results_eq(
  format('select step_key, attempt, error ->> ''message'' from goalpost.dead_letters where run_id = %s', tests.get('run')),
  $$ values ('a', 2, 'second') $$, 'the failed step has a dead letter');
select is((select count(*) from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'a'), 2::bigint, 'both failed attempts are on record');

select * from finish();
rollback;

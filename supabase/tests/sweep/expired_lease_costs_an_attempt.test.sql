-- running -> ready at once, with a higher epoch: the lost worker is refused from then on.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('30 seconds');
select is((goalpost_worker.sweep()) ->> 'leases_expired', '0', 'a lease that ends now is not expired');
select tests.advance_clock('1 second');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select tests.set('before', tests.wake_count('executor'));
select is((goalpost_worker.sweep()) ->> 'leases_expired', '1', 'a lease that ended a second ago is expired');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step of an expired lease is ready');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'an expired lease costs an attempt');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 2::bigint, 'an expired lease raises the epoch');
select is((tests.step(tests.get('run'), 'a')).run_after, timestamptz '2030-01-01 12:00:00+00', 'a lost step keeps the time from which it was ready');
select is(tests.wake_count('executor') - tests.get('before'), 1::bigint, 'a wake is sent for the lost step');
select is((select outcome from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'a'), 'lost', 'the attempt of the expired lease is lost');
select is(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}}'))) #>> '{outcomes,0,verdict}',
  'lease_lost', 'an outcome of the lost worker is refused before another claim');

select * from finish();
rollback;

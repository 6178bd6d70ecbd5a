-- running -> ready at once, with a higher epoch: the lost worker is refused from then on.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('30 seconds');
select is((goalpost_worker.sweep()) ->> 'leases_expired', '0', 'not on the second');
select tests.advance_clock('1 second');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select tests.set('before', tests.wake_count('executor'));
select is((goalpost_worker.sweep()) ->> 'leases_expired', '1', 'but after it');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'ready');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'an attempt is spent');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 2::bigint, 'the epoch is raised');
select is((tests.step(tests.get('run'), 'a')).run_after, timestamptz '2030-01-01 12:00:00+00', 'a lost step keeps the time from which it was ready');
select is(tests.wake_count('executor') - tests.get('before'), 1::bigint, 'and a bell is rung');
select is((select outcome from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'a'), 'lost', 'the attempt was lost');
select is(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}}'))) #>> '{outcomes,0,verdict}',
  'lease_lost', 'its worker is refused, before anybody has claimed it again');

select * from finish();
rollback;

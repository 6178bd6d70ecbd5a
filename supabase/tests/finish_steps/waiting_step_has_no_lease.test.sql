-- running -> waiting -> ready: no attempt is spent, and its time-out starts again.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select is(tests.finish(tests.get('run'), 'a', 'waiting', '{"resume_after_seconds": 600}'), 'accepted', 'a wait of ten minutes is accepted');
select is(tests.state(tests.get('run'), 'a'), 'waiting', 'the step is in the state waiting');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, null, 'a waiting step has no lease');
select is((tests.step(tests.get('run'), 'a')).run_after, '2030-01-01 12:10:00+00'::timestamptz, 'a waiting step continues after the requested time');
select is((tests.step(tests.get('run'), 'a')).started_at, null, 'a waiting step''s time-out does not run');
select is((goalpost_worker.sweep()) ->> 'timers_fired', '0', 'a sweep before the time fires no timer');
select tests.advance_clock('10 minutes');
select is((goalpost_worker.sweep()) ->> 'timers_fired', '1', 'a sweep at the time fires the timer');
select is(tests.claimed_keys('tool'), 'a', 'the step is claimed after its wait');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'the step continues in the same attempt');

select * from finish();
rollback;

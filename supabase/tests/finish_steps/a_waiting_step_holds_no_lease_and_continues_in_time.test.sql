-- running -> waiting -> ready: no attempt is spent, and its time-out starts anew.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select is(tests.finish(tests.get('run'), 'a', 'waiting', '{"resume_after_seconds": 600}'), 'accepted', 'the verdict');
select is(tests.state(tests.get('run'), 'a'), 'waiting', 'it waits');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, null, 'without a lease');
select is((tests.step(tests.get('run'), 'a')).run_after, '2030-01-01 12:10:00+00'::timestamptz, 'until then');
select is((tests.step(tests.get('run'), 'a')).started_at, null, 'its time-out does not run meanwhile');
select is((goalpost_worker.sweep()) ->> 'timers_fired', '0', 'a sweep leaves it alone');
select tests.advance_clock('10 minutes');
select is((goalpost_worker.sweep()) ->> 'timers_fired', '1', 'until its time has come');
select is(tests.claimed_keys('tool'), 'a', 'then it is claimed');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'in the same attempt');

select * from finish();
rollback;

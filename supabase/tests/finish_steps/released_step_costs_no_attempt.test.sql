-- A worker near its deadline releases its step, and another may claim it at once.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a'));
select is(tests.finish(tests.get('run'), 'a', 'released'), 'accepted', 'a release under the lease is accepted');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'a released step is ready');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'a released step keeps its attempt');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 1::bigint, 'a released step keeps its epoch until it is claimed');
select is_empty(format('select from goalpost.step_attempts where run_id = %s and step_key = ''a''', tests.get('run')), 'a release leaves no attempt on record');
select is(tests.claimed_keys('tool'), 'a', 'a released step is claimed again');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 2::bigint, 'the next claim raises the epoch');

select * from finish();
rollback;

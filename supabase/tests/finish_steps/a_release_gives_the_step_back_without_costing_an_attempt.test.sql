-- A worker near its deadline puts work back: another may have it at once.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a'));
select is(tests.finish(tests.get('run'), 'a', 'released'), 'accepted', 'the verdict');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'it is ready');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'in the same attempt');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 1::bigint, 'under the same epoch until it is claimed');
select is_empty(format('select from goalpost.step_attempts where run_id = %s and step_key = ''a''', tests.get('run')), 'no attempt is on record');
select is(tests.claimed_keys('tool'), 'a', 'and it is claimed again');
select is((tests.step(tests.get('run'), 'a')).lease_epoch, 2::bigint, 'under a new epoch');

select * from finish();
rollback;

-- The second end finds it ended and changes nothing.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a'));
select goalpost_private.end_run(tests.get('run'), 'cancelled', 'first', null, null, goalpost_private.clock());
select goalpost_private.end_run(tests.get('run'), 'completed', 'second', '{}', 'report', goalpost_private.clock());
select is(tests.run_state(tests.get('run')), 'cancelled', 'the run');
select is((tests.goal_of(tests.get('run'))).reason, 'first', 'its goal');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'its request');

select * from finish();
rollback;

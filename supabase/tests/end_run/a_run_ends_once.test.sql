-- A second end of a run changes nothing.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a'));
select goalpost_private.end_run(tests.get('run'), 'cancelled', 'first', null, null, goalpost_private.clock());
select goalpost_private.end_run(tests.get('run'), 'completed', 'second', '{}', 'report', goalpost_private.clock());
select is(tests.run_state(tests.get('run')), 'cancelled', 'the run keeps the state of its first end');
select is((tests.goal_of(tests.get('run'))).reason, 'first', 'the goal keeps the reason of the first end');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'the request keeps the state of the first end');

select * from finish();
rollback;

-- The second end finds it ended and changes nothing.
begin;
select plan(3);
select tests.world();

select tests.keep('run', tests.planned('a'));
select goalpost_private.end_run(tests.the('run'), 'cancelled', 'first', null, null, goalpost_private.clock());
select goalpost_private.end_run(tests.the('run'), 'completed', 'second', '{}', 'report', goalpost_private.clock());
select is(tests.run_state(tests.the('run')), 'cancelled', 'the run');
select is((tests.goal_of(tests.the('run'))).reason, 'first', 'its goal');
select is((tests.request_of(tests.the('run'))).state, 'cancelled', 'its request');

select * from finish();
rollback;

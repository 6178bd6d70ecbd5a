-- The deadline holds also for a run whose steps all wait.
begin;
select plan(6);
select tests.world();

update goalpost_private.limits set max_run_seconds = 3600;
select tests.set('run', tests.planned('ap, sub', jsonb_build_object('ap', tests.approval(), 'sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.advance_clock('59 minutes 59 seconds');
select goalpost_worker.sweep();
select is(tests.run_state(tests.get('run')), 'running', 'a run before its deadline is running');
select tests.advance_clock('1 second');
select goalpost_worker.sweep();
select is(tests.run_state(tests.get('run')), 'failed', 'a run at its deadline fails');
select is(tests.run_state(tests.get('below')), 'cancelled', 'the run of its sub-goal is cancelled');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request of an overdue run fails');
select is((tests.request_of(tests.get('run'))).reason, 'it took longer than a run may take', 'the reason of the request names the run time');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'cancelled', 'the open approval of an overdue run is cancelled');

select * from finish();
rollback;

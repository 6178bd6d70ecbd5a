-- Even one whose every step only waits.
begin;
select plan(6);
select tests.world();

update goalpost_private.limits set max_run_seconds = 3600;
select tests.set('run', tests.planned('ap, sub', jsonb_build_object('ap', tests.approval(), 'sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.advance_clock('59 minutes 59 seconds');
select goalpost_worker.sweep();
select is(tests.run_state(tests.get('run')), 'running', 'it has its hour');
select tests.advance_clock('1 second');
select goalpost_worker.sweep();
select is(tests.run_state(tests.get('run')), 'failed', 'the run');
select is(tests.run_state(tests.get('below')), 'cancelled', 'the run below');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request');
select is((tests.request_of(tests.get('run'))).reason, 'it took longer than a run may take', 'with the reason');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'cancelled', 'the approval');

select * from finish();
rollback;

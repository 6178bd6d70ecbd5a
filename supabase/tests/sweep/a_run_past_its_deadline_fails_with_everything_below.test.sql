-- Even one whose every step only waits.
begin;
select plan(6);
select tests.world();

update goalpost_private.limits set max_run_seconds = 3600;
select tests.keep('run', tests.planned('ap, sub', jsonb_build_object('ap', tests.approval(), 'sub', tests.subgoal())));
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select tests.pass('59 minutes 59 seconds');
select goalpost_worker.sweep();
select is(tests.run_state(tests.the('run')), 'running', 'it has its hour');
select tests.pass('1 second');
select goalpost_worker.sweep();
select is(tests.run_state(tests.the('run')), 'failed', 'the run');
select is(tests.run_state(tests.the('below')), 'cancelled', 'the run below');
select is((tests.request_of(tests.the('run'))).state, 'failed', 'the request');
select is((tests.request_of(tests.the('run'))).reason, 'it took longer than a run may take', 'with the reason');
select is((tests.approval_of(tests.the('run'), 'ap')).state, 'cancelled', 'the approval');

select * from finish();
rollback;

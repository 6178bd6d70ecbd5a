-- failed -> ready, and work that its failure ended is restored: run, goal, request, cancelled steps, approvals.
begin;
select plan(13);
select tests.world();

select tests.set('run', tests.planned('a, b:a, ap', jsonb_build_object('ap', tests.approval())));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))), 'ZG004', 'a retry is refused while the judge reports on the failure');
select tests.report_failure(tests.get('run'));
select is(tests.json_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))) ->> 'state', 'ready', 'the retry returns the state ready');
select is(tests.states(tests.get('run')), 'a=ready ap=waiting b=pending judge=pending', 'the steps of the run are as before the failure');
select is(tests.run_state(tests.get('run')), 'running', 'the run is running again');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal is active again');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the request is accepted again');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'pending', 'the cancelled approval is pending again');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'the step is in its next attempt');
select is((tests.step(tests.get('run'), 'a')).max_attempts, 4, 'the step has three more attempts');
select is((select retried_by from goalpost.dead_letters where run_id = tests.get('run')), tests.id_of('mia'), 'the letter names the person who retried it');
select is((tests.step(tests.get('run'), 'judge')).attempt, 2, 'the judge will report again, in its second attempt');
select is((select failure from goalpost.workflow_runs where id = tests.get('run')), null, 'the run no longer fails with the old reason');
select tests.do_complete(tests.get('run'), 'a');
select is((tests.step(tests.get('run'), 'b')).state, 'ready', 'the dependent is ready when the retried step ends');

select * from finish();
rollback;

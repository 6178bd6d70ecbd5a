-- failed -> ready, and what its failure ended comes back: run, goal, request, cancelled steps, approvals.
begin;
select plan(13);
select tests.world();

select tests.set('run', tests.planned('a, b:a, ap', jsonb_build_object('ap', tests.approval())));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))), 'ZG004', 'a retry is refused while the judge reports on the failure');
select tests.report_failure(tests.get('run'));
select is(tests.json_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))) ->> 'state', 'ready', 'ready');
select is(tests.states(tests.get('run')), 'a=ready ap=waiting b=pending judge=pending', 'the run is as it was before');
select is(tests.run_state(tests.get('run')), 'running', 'the run');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the request');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'pending', 'the approval');
select is((tests.step(tests.get('run'), 'a')).attempt, 2, 'the next attempt');
select is((tests.step(tests.get('run'), 'a')).max_attempts, 4, 'of three more');
select is((select retried_by from goalpost.dead_letters where run_id = tests.get('run')), tests.id_of('mia'), 'by her');
select is((tests.step(tests.get('run'), 'judge')).attempt, 2, 'the judge will report again, in its second attempt');
select is((select failure from goalpost.workflow_runs where id = tests.get('run')), null, 'the run no longer fails with the old reason');
select tests.do_complete(tests.get('run'), 'a');
select is((tests.step(tests.get('run'), 'b')).state, 'ready', 'and it goes on from there');

select * from finish();
rollback;

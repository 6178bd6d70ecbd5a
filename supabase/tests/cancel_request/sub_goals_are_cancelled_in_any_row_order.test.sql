-- A sub-goal that ended on its own would fail the goal above instead of cancelling it.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
-- Moves the row of the run above behind that of the run below.
update goalpost.workflow_runs set deadline_at = deadline_at + interval '1 second', runbook_id = (select min(id) from goalpost.runbooks)
 where id = tests.get('run');
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('run'))).id));
select is(tests.run_state(tests.get('run')) || ' ' || tests.run_state(tests.get('below')), 'cancelled cancelled', 'both runs of the request are cancelled');
select is((tests.goal_of(tests.get('run'))).reason, 'cancelled by a person', 'the reason is a person''s cancel, not the ended sub-goal');

select * from finish();
rollback;

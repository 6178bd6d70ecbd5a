-- The request's own run is completed, and the request waits for the goal.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.goal());
select is((select state from goalpost.workflow_runs where id = (select root_run_id from goalpost.workflow_runs where id = tests.get('run'))), 'completed', 'the run of the assessment is completed');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the request stays accepted while its goal is open');
select is((tests.request_of(tests.get('run'))).goal_id, (tests.goal_of(tests.get('run'))).id, 'the request refers to its goal');

select * from finish();
rollback;

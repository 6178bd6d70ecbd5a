-- The request's own run is completed, the request waits for the goal.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.goal());
select is((select state from goalpost.workflow_runs where id = (select root_run_id from goalpost.workflow_runs where id = tests.get('run'))), 'completed', 'the first run');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the request');
select is((tests.request_of(tests.get('run'))).goal_id, (tests.goal_of(tests.get('run'))).id, 'which knows its goal');

select * from finish();
rollback;

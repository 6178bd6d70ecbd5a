-- The request's own run is completed, the request waits for the goal.
begin;
select plan(3);
select tests.world();

select tests.keep('run', tests.goal());
select is((select state from goalpost.workflow_runs where id = (select root_run_id from goalpost.workflow_runs where id = tests.the('run'))), 'completed', 'the first run');
select is((tests.request_of(tests.the('run'))).state, 'accepted', 'the request');
select is((tests.request_of(tests.the('run'))).goal_id, (tests.goal_of(tests.the('run'))).id, 'which knows its goal');

select * from finish();
rollback;

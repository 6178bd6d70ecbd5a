-- Keys are composite with the workspace: the engine itself could not mix two tenants' rows.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.planned('a'));
select is(tests.refusal(format('insert into goalpost.goal_criteria (goal_id, number, workspace_id, description) values (%s, 9, %L, ''x'')',
  (tests.goal_of(tests.the('run'))).id, tests.id_of('elsewhere'))), '23503', 'a criterion');
select is(tests.refusal(format('insert into goalpost.workflow_runs (workspace_id, user_id, workflow_type, request_id, root_run_id, deadline_at) values (%L, %L, ''request'', %s, %s, now())',
  tests.id_of('elsewhere'), tests.id_of('sam'), (tests.request_of(tests.the('run'))).id, tests.the('run'))), '23503', 'a run');
select is(tests.refusal(format('update goalpost.requests set goal_id = %s where workspace_id = %L', (tests.goal_of(tests.the('run'))).id, tests.id_of('elsewhere'))), 'none', 'there is none yet to change');
select tests.ask('sam', 'theirs', 'elsewhere');
select is(tests.refusal(format('update goalpost.requests set goal_id = %s where workspace_id = %L; set constraints all immediate', (tests.goal_of(tests.the('run'))).id, tests.id_of('elsewhere'))), '23503', 'a request');

select * from finish();
rollback;

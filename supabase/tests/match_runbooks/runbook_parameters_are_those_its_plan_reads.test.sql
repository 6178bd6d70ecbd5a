-- The parameters of a runbook are the names that its plan reads.
begin;
select plan(4);
select tests.world();

select is(goalpost_private.parameters_of('{"steps": [{"input": {"arguments": {"query": "select {{ parameters.week }} + {{ parameters.week }}", "url": "{{ parameters.host_2 }}"}}}]}'),
  '["host_2", "week"]', 'each parameter of the plan is listed once');
select is(goalpost_private.parameters_of('{"steps": [{"input": {"arguments": {"query": "select my_parameters.week, parameters.Week from parameters"}}}]}'), '[]', 'columns and tables named parameters are not listed');
select is(goalpost_private.parameters_of('{"steps": []}'), '[]', 'a plan without parameters has an empty list');
select tests.set('run', tests.ask('mia', 'refresh the mcp tools of a server'));
select is(jsonb_path_query_first(tests.claim('assess'), '$[0].context.runbooks[*] ? (@.name == "mcp-refresh").parameters.required'), '["server"]', 'an assessment receives the parameters with the runbook');

select * from finish();
rollback;

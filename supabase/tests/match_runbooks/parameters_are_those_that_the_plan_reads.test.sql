-- A runbook can be limited by what its plan reads, and by nothing else.
begin;
select plan(4);
select tests.world();

select is(goalpost_private.parameters_of('{"steps": [{"input": {"arguments": {"query": "select {{ parameters.week }} + {{ parameters.week }}", "url": "{{ parameters.host_2 }}"}}}]}'),
  '["host_2", "week"]', 'each name once');
select is(goalpost_private.parameters_of('{"steps": [{"input": {"arguments": {"query": "select my_parameters.week, parameters.Week from parameters"}}}]}'), '[]', 'a column of that name is none');
select is(goalpost_private.parameters_of('{"steps": []}'), '[]', 'a plan without any');
select tests.set('run', tests.ask('mia', 'refresh the mcp tools of a server'));
select is(jsonb_path_query_first(tests.claim('assess'), '$[0].context.runbooks[*] ? (@.name == "mcp-refresh").parameters'), '["server"]', 'the assessment is offered them with the runbook');

select * from finish();
rollback;

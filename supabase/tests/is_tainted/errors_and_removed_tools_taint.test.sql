-- An error may contain text of the other side, and a tool without a row counts as untrusted.
begin;
select plan(6);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b, c, d, e, f', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'), 'c', tests.agent('hand'), 'd', tests.agent('hand'),
  'e', '{"on_failure": "continue", "input": {"tool": "read", "arguments": {}}}'::jsonb)));
select tests.call(tests.get('run'), 'a', 'failed', 'read');
select is(goalpost_private.is_tainted(tests.get('run'), 'a'), true, 'a failed call that reads untrusted content taints its step');
select tests.call(tests.get('run'), 'b', 'done', 'mcp.docs.search');
select is(goalpost_private.is_tainted(tests.get('run'), 'b'), true, 'a tool of an MCP server taints its step');
select tests.call(tests.get('run'), 'c', 'done', 'no_longer_there');
select is(goalpost_private.is_tainted(tests.get('run'), 'c'), true, 'a tool without a row taints its step');
select tests.call(tests.get('run'), 'd', 'failed', 'read');
update goalpost.tool_calls set rule = 'max_argument_bytes' where step_key = 'd';
select is(goalpost_private.is_tainted(tests.get('run'), 'd'), false, 'a call that failed before it was made taints nothing');
select tests.do_fail(tests.get('run'), 'e');
update goalpost.steps set revision = 2 where run_id = tests.get('run') and key = 'd';
select is(goalpost_private.is_tainted(tests.get('run'), 'd'), true, 'a failed step that reads untrusted content taints the next plan');
select is(goalpost_private.is_tainted(tests.get('run'), 'f'), false, 'a step that has not run is not tainted by its own tool');

select * from finish();
rollback;

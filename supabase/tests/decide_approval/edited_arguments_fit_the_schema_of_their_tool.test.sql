-- A person's arguments are checked by the schema of the tool, built-in or of an MCP server of the workspace.
begin;
select plan(8);
select tests.world();

select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme')));
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, state, approved_hash, seen_at)
select workspace_id, id, 'search', 'd', '{"type": "object", "required": ["words"], "properties": {"words": {"type": "string"}, "n": {"anyOf": [{"type": "integer"}]}},
         "patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": false}', 'h', 'approved', 'h', now()
  from goalpost.mcp_servers;
select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('ours', tests.asks(tests.get('run'), 'a'));
select tests.set('theirs', tests.asks(tests.get('run'), 'a', 'tool_call', '{}', 'mcp.docs.search', '{"words": "x"}'));
select tests.leave_waiting(tests.get('run'), 'a');

create function pg_temp.problem(p_approval text, p_edited jsonb) returns text language sql as $$
  select goalpost_private.edit_problem(a, p_edited) from goalpost.approvals a where a.id = tests.get(p_approval) $$;
select is(pg_temp.problem('ours', '{"query": 7}'), 'the arguments.query must be of the type string', 'a query that is a number does not fit the tool sql');
select is(pg_temp.problem('theirs', '{"words": 7}'), 'the arguments.words must be of the type string', 'words that are a number do not fit the server''s tool');
select is(pg_temp.problem('theirs', '{}'), 'the arguments needs words', 'arguments without words do not fit the server''s tool');
select is(pg_temp.problem('theirs', '[]'), 'the arguments must be of the type object', 'a list does not fit the server''s tool');
select is(pg_temp.problem('theirs', '{"words": "y", "x-note": "z"}'), null, 'a field that a pattern may name is left to the executor');
select is(tests.decided('petra', tests.get('theirs'), 'approved', '{"edited": {"words": 7}}'), 'ZG003', 'an edit that does not fit the server''s tool is refused');
select is(tests.decided('petra', tests.get('theirs'), 'approved', '{"edited": {"words": "y"}}'), 'none', 'an edit that fits the server''s tool is accepted');
update goalpost.mcp_tools set state = 'changed';
select alike(pg_temp.problem('theirs', '{"words": "y"}'), 'the arguments of mcp.docs.search cannot be checked:%', 'an edit for a tool that is no longer approved is refused');

select * from finish();
rollback;

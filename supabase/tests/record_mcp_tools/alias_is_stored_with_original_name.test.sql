-- A tool whose name at its server is not valid here is kept under an alias, and its original name is part of the
-- approval.
begin;
select plan(6);
select tests.world();

select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme')));
select tests.set('run', tests.planned('lists', '{"lists": {"input": {"tool": "mcp_list", "arguments": {"server": "docs"}}}}'));
select tests.start(tests.get('run'), 'lists');
create function pg_temp.record(p_original text) returns jsonb language sql as $$
  select goalpost_worker.record_mcp_tools(tests.get('run'), 'lists', 1, 'docs', jsonb_build_array(
    jsonb_build_object('name', 'pages_1a', 'original_name', p_original, 'description', 'd', 'parameters', '{}'::jsonb))) $$;

select is(pg_temp.record('pages/search'), '{"pages_1a": "pending"}', 'a tool is recorded under its alias');
select is((select original_name from goalpost.mcp_tools), 'pages/search', 'the name at the server is kept beside the alias');
select tests.value_for('adam', format('select goalpost.approve_mcp_tool(%L, ''docs'', ''pages_1a'', %L)', tests.id_of('acme'), (select schema_hash from goalpost.mcp_tools)));
select is(pg_temp.record('pages/search'), '{"pages_1a": "approved"}', 'an approved alias stays approved for the same name');
select is(pg_temp.record('pages/delete'), '{"pages_1a": "changed"}', 'an alias with another original name needs a new approval');
select is((select original_name from goalpost.mcp_tools), 'pages/delete', 'the new name at the server replaces the old one');
select pg_temp.record('pages_1a');
select is((select original_name from goalpost.mcp_tools), null, 'a name without an alias is stored once');

select * from finish();
rollback;

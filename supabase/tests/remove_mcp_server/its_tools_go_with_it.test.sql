-- A removed server takes with it what was approved; one of that name added later begins with nothing.
begin;
select plan(6);
select tests.world();

select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme')));
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at)
select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;
select is(tests.refusal_for('petra', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), 'ZG002', 'admins only');
select is(tests.refusal_for('sam', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), 'ZG001', 'of this workspace');
select is(tests.refusal_for('adam', format('select goalpost.remove_mcp_server(%L, ''none'')', tests.id_of('acme'))), 'ZG001', 'one that is not there');
select is(tests.json_for('adam', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), '{"name": "docs", "state": "removed"}', 'removed');
select is_empty('select from goalpost.mcp_tools', 'with its tools');
select is(tests.refusal_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme'))), 'none', 'the name is free again');

select * from finish();
rollback;

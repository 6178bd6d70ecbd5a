-- A removed server's approved tools are deleted; a server of that name added later begins without any.
begin;
select plan(6);
select tests.world();

select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme')));
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at)
select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;
select is(tests.refusal_for('petra', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), 'ZG002', 'an approver may not remove a server');
select is(tests.refusal_for('sam', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), 'ZG001', 'a stranger cannot see the server to remove');
select is(tests.refusal_for('adam', format('select goalpost.remove_mcp_server(%L, ''none'')', tests.id_of('acme'))), 'ZG001', 'a server that does not exist cannot be removed');
select is(tests.json_for('adam', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), '{"name": "docs", "state": "removed"}', 'an admin removes a server');
select is_empty('select from goalpost.mcp_tools', 'the tools of a removed server are deleted');
select is(tests.refusal_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme'))), 'none', 'the name of a removed server is free again');

select * from finish();
rollback;

-- A removed server's approved tools are deleted; a server of that name added later begins without any.
begin;
select plan(9);
select tests.world();

select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'', ''authorization'')', tests.id_of('acme')));
select tests.value_for('adam', format('select goalpost.set_tool_secret(%L, ''mcp.docs'', ''sesame'')', tests.id_of('acme')));
select vault.create_secret('other', 'goalpost_mcp_' || tests.id_of('acme') || '_docs2');
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at)
select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;
select is(tests.refusal_for('petra', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), 'ZG002', 'an approver may not remove a server');
select is(tests.refusal_for('sam', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), 'ZG001', 'a stranger cannot see the server to remove');
select is(tests.refusal_for('adam', format('select goalpost.remove_mcp_server(%L, ''none'')', tests.id_of('acme'))), 'ZG001', 'a server that does not exist cannot be removed');
select is(tests.json_for('adam', format('select goalpost.remove_mcp_server(%L, ''docs'')', tests.id_of('acme'))), '{"name": "docs", "state": "removed"}', 'an admin removes a server');
select is_empty('select from goalpost.mcp_tools', 'the tools of a removed server are deleted');
select is_empty($$ select from vault.secrets where name like 'goalpost\_mcp\_%\_docs' $$, 'the secret of a removed server is deleted');
select isnt_empty($$ select from vault.secrets where name like 'goalpost\_mcp\_%\_docs2' $$, 'secrets of other servers stay');
select results_eq($$ select subject, name, before is null, after is null from goalpost.setting_changes order by id desc limit 2 $$, $$ values ('secrets', 'mcp.docs', false, true), ('mcp_servers', 'docs', false, true) $$, 'the history has the removal of both');
select is(tests.refusal_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'')', tests.id_of('acme'))), 'none', 'the name of a removed server is free again');

select * from finish();
rollback;

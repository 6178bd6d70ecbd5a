-- Admins see which secrets their tools use and when each was set; no value is returned.
begin;
select plan(6);
select tests.world();
select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'', ''authorization'')', tests.id_of('acme')));
select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''open'', ''https://open.example.com/mcp'')', tests.id_of('acme')));
select vault.create_secret('theirs', 'goalpost_webhook_' || tests.id_of('elsewhere'));

select is(tests.json_for('adam', format('select goalpost.read_tool_secrets(%L)', tests.id_of('acme'))), '[{"name": "mcp.docs", "set_at": null}, {"name": "webhook", "set_at": null}]', 'secrets that are not set have no date');
select tests.value_for('adam', format('select goalpost.set_tool_secret(%L, ''mcp.docs'', ''sesame'')', tests.id_of('acme')));
select is(tests.json_for('olga', format('select goalpost.read_tool_secrets(%L)', tests.id_of('acme'))),
          jsonb_build_array(jsonb_build_object('name', 'mcp.docs', 'set_at', (select updated_at from vault.secrets where name like 'goalpost\_mcp\_%')), '{"name": "webhook", "set_at": null}'::jsonb), 'one that is set has its date and nothing else');
select is(tests.refusal_for(p, format('select goalpost.read_tool_secrets(%L)', tests.id_of('acme'))), r, format('%s may not list secrets', p)) from (values ('mia', 'ZG002'), ('petra', 'ZG002'), ('sam', 'ZG001'), ('vera', 'ZG002')) d (p, r);

select * from finish();
rollback;

-- Admins set, replace and remove the secrets of a workspace's tools; workers read them, people never do.
begin;
select * from no_plan();
select tests.world();
select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''docs'', ''https://docs.example.com/mcp'', ''authorization'')', tests.id_of('acme')));
select tests.value_for('adam', format('select goalpost.add_mcp_server(%L, ''open'', ''https://open.example.com/mcp'')', tests.id_of('acme')));
select tests.value_for('sam', format('select goalpost.add_mcp_server(%L, ''theirs'', ''https://docs.example.com/mcp'', ''authorization'')', tests.id_of('elsewhere')));
create function pg_temp.reason(p_person text, p_name text, p_secret text, p_workspace text default 'acme') returns text language plpgsql as $$
declare
  v_hint text;
begin
  perform tests.value_for(p_person, format('select goalpost.set_tool_secret(%L, %L, %L)', tests.id_of(p_workspace), p_name, p_secret));
  return 'none';
exception
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return sqlstate || ' ' || sqlerrm || ' ' || v_hint;
end $$;
create function pg_temp.secret(p_vault_name text) returns text language sql as $$ select decrypted_secret from vault.decrypted_secrets where name = p_vault_name $$;

select is(tests.json_for('adam', format('select goalpost.set_tool_secret(%L, ''mcp.docs'', ''Bearer sesame'')', tests.id_of('acme'))), '{"name": "mcp.docs", "state": "set"}', 'an admin sets the credentials of a server');
select is(pg_temp.secret('goalpost_mcp_' || tests.id_of('acme') || '_docs'), 'Bearer sesame', 'they are in Vault under the name that the worker reads');
select is(pg_temp.reason('olga', 'mcp.docs', 'other'), 'none', 'the owner replaces them');
select is(pg_temp.secret('goalpost_mcp_' || tests.id_of('acme') || '_docs'), 'other', 'the replaced value is in Vault');
select is(pg_temp.reason('adam', 'webhook', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), 'none', 'an admin sets the secret of webhooks');
select is(pg_temp.secret('goalpost_webhook_' || tests.id_of('acme')), 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'it is in Vault');
select is(tests.json_for('adam', format('select goalpost.set_tool_secret(%L, ''webhook'', null)', tests.id_of('acme'))), '{"name": "webhook", "state": "removed"}', 'an admin removes it');
select is(pg_temp.secret('goalpost_webhook_' || tests.id_of('acme')), null, 'it is gone from Vault');
select is(pg_temp.reason('adam', 'webhook', null), 'none', 'a removal can be repeated');
select is(pg_temp.secret('goalpost_mcp_' || tests.id_of('acme') || '_docs'), 'other', 'other secrets stay');
select matches(pg_temp.reason(p, 'mcp.docs', 'x'), '^ZG002', format('%s may not set a secret', p)) from unnest(array['vera', 'mia', 'petra']) p;
select matches(pg_temp.reason('sam', 'mcp.docs', 'x'), '^ZG001', 'a stranger may not set a secret');
select matches(pg_temp.reason('adam', n, 'x'), '^ZG001 the tools of this workspace use no secret of that name', format('the name %s is refused', coalesce(n, 'null')))
  from unnest(array['mcp.open', 'mcp.theirs', 'mcp.none', 'goalpost_wake_secret', 'goalpost_mcp_1', '', null, 'mcp.docs ']) n;
select matches(pg_temp.reason('adam', 'webhook', s), '^ZG003 a webhook secret is whsec_', format('%s is no webhook secret', s)) from unnest(array['secret', 'whsec_', 'whsec_short', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_b2xk']) s;
select matches(pg_temp.reason('adam', 'mcp.docs', s), '^ZG003 a secret has 1 to 8192', 'a secret of another form is refused')
  from unnest(array['', ' ', ' x', 'x ', E'x\r\nHost: y', E'x\n', 'ä', U&'x\202E', repeat('x', 8193)]) s;
select is(strpos(pg_temp.reason('adam', 'mcp.docs', 'hunter2 '), 'hunter2'), 0, 'a refusal does not repeat the value');
select is(pg_temp.secret('goalpost_mcp_' || tests.id_of('acme') || '_docs'), 'other', 'nothing refused was written');
select is(pg_temp.reason('adam', 'mcp.docs', repeat('x', 8192)), 'none', 'the longest secret is accepted');
select results_eq($$ select name, before, after, changed_by from goalpost.setting_changes where subject = 'secrets' order by id $$,
  $$ values ('mcp.docs', null::jsonb, '{}'::jsonb, tests.id_of('adam')), ('mcp.docs', '{}', '{}', tests.id_of('olga')), ('webhook', null, '{}', tests.id_of('adam')), ('webhook', '{}', null, tests.id_of('adam')), ('mcp.docs', '{}', '{}', tests.id_of('adam')) $$,
  'the history has each change of a secret, without its value');

select * from finish();
rollback;

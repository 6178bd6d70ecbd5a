-- Each change of a workspace's settings is in its history with its author, whichever function made it; admins read it.
begin;
select * from no_plan();
select tests.world();
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
create function pg_temp.history() returns setof text language sql as $$
  select format('%s %s %s -> %s by %s', subject, name, coalesce(before::text, 'nothing'), coalesce(after::text, 'nothing'), coalesce((select split_part(u.email, '@', 1) from auth.users u where u.id = changed_by), 'the owner of the database'))
    from goalpost.setting_changes where workspace_id is distinct from tests.id_of('bystanders') order by id $$;
create function pg_temp.as(p_person text, p_call text) returns void language sql as $$ select tests.value_for(p_person, format('select goalpost.' || p_call, tests.id_of('acme'))) $$;

select pg_temp.as('adam', 'set_workspace_settings(%L, ''{"currency": "EUR", "time_zone": "UTC"}'')');
select pg_temp.as('adam', 'set_workspace_settings(%L, ''{"currency": "EUR"}'')');
select pg_temp.as('olga', 'set_workspace_limits(%L, ''{"approve_plans": true}'')');
select pg_temp.as('oscar', 'grant_budget(%L, 250000000, 1000000000)');
select pg_temp.as('adam', 'set_tool_policy(%L, ''p'', ''sql'', ''deny'')');
select pg_temp.as('adam', 'set_tool_policy(%L, ''p'', ''sql'', ''allow'')');
select pg_temp.as('adam', 'set_tool_policy(%L, ''p'', ''sql'', ''allow'')');
select pg_temp.as('adam', 'remove_tool_policy(%L, ''p'')');
select pg_temp.as('adam', 'set_rate_limit(%L, ''tool'', ''sql'', 2)');
select pg_temp.as('adam', 'add_mcp_server(%L, ''docs'', ''https://docs.example.com/'')');
update goalpost.mcp_servers set listed_at = now();
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'notes');
select tests.value_for('oscar', 'select goalpost.set_rate_limit(null, ''tool'', ''sql'', 1)');
select results_eq('select pg_temp.history()', array[
  'workspaces  {"currency": null} -> {"currency": "EUR"} by adam',
  'workspaces  {"approve_plans": false} -> {"approve_plans": true} by olga',
  'workspaces  {"granted_month_tokens": 10000000000, "granted_month_microusd": 1000000000} -> {"granted_month_tokens": 1000000000, "granted_month_microusd": 250000000} by oscar',
  'tool_policies p nothing -> {"name": "p", "tool": "sql", "agent": null, "effect": "deny", "position": 100, "even_if_tainted": false} by adam',
  'tool_policies p {"effect": "deny"} -> {"effect": "allow"} by adam',
  'tool_policies p {"name": "p", "tool": "sql", "agent": null, "effect": "allow", "position": 100, "even_if_tainted": false} -> nothing by adam',
  'rate_limits tool.sql.0 nothing -> {"name": "sql", "scope": "tool", "slots": 2, "per_seconds": 0} by adam',
  'mcp_servers docs nothing -> {"url": "https://docs.example.com/", "name": "docs", "listed_at": null, "created_by": "' || tests.id_of('adam') || '", "auth_header_name": null} by adam',
  'writable_tables public.notes nothing -> {"operations": ["insert"], "table_name": "notes", "schema_name": "public"} by the owner of the database',
  'rate_limits tool.sql.0 nothing -> {"name": "sql", "scope": "tool", "slots": 1, "per_seconds": 0} by oscar'],
  'the history has each change with the columns that differ, and nothing for a call that changes nothing');
select is((select min(changed_at) from goalpost.setting_changes where workspace_id = tests.id_of('acme')), goalpost_private.clock(), 'the time is that of the database''s clock');
select is(tests.value_for(p, format('select count(*) from goalpost.setting_changes where workspace_id = %L', tests.id_of('acme'))), n, format('%s reads %s changes', p, n)) from (values ('adam', '9'), ('olga', '9'), ('petra', '0'), ('mia', '0'), ('sam', '0'), ('oscar', '0')) d (p, n);
select is(tests.value_for(p, 'select count(*) from goalpost.setting_changes where workspace_id is null'), n, format('of the project %s reads %s', p, n)) from (values ('oscar', '1'), ('olga', '0')) d (p, n);
select is(tests.refusal_for('olga', 'delete from goalpost.setting_changes'), '42501', 'an owner may not remove a change from the history');
alter table goalpost.workspaces disable trigger user;
select lives_ok(format('delete from goalpost.workspaces where id = %L', tests.id_of('acme')), 'a workspace can be deleted with its rows');
select is_empty(format('select from goalpost.setting_changes where workspace_id = %L', tests.id_of('acme')), 'its history is deleted with it');

select * from finish();
rollback;

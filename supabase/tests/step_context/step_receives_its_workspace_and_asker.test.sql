-- The context contains the requester and their role, the local time, and the places where tools may act.
begin;
select plan(12);
select tests.world();

update goalpost.workspaces set time_zone = 'Asia/Tokyo', currency = 'JPY', http_hosts = '{api.example.com}' where id = tests.id_of('acme');
insert into goalpost.writable_tables (workspace_id, schema_name, table_name, operations) values
  (tests.id_of('acme'), 'public', 'orders', '{insert,update}'), (tests.id_of('acme'), 'public', 'Odd name', '{insert}'),
  (tests.id_of('elsewhere'), 'public', 'theirs', '{insert}');
update auth.users set raw_user_meta_data = '{"full_name": "Mia Moss"}' where id = tests.id_of('mia');
select tests.stop_clock('2026-03-01 20:30:00+00');
select tests.ask();
select tests.set('context', (tests.claim('assess') #> '{0,context}')::text);
select is(tests.kept('context')::jsonb -> 'workspace', '{"time_zone": "Asia/Tokyo", "currency": "JPY", "webhook_hosts": [], "http_hosts": ["api.example.com"],
  "email_domains": [], "writable_tables": ["public.\"Odd name\" (insert)", "public.orders (insert, update)"]}', 'an assessment receives the settings of its workspace');
select is(tests.kept('context')::jsonb -> 'asker', '{"name": "Mia Moss", "role": "member"}', 'an assessment receives the name and role of the requester');
select is(tests.kept('context')::jsonb -> 'local_now', '"Monday, 2026-03-02 05:30:00 Asia/Tokyo"', 'an assessment receives the time in the workspace''s zone');
select is((select string_agg(t ->> 'name', ' ') from jsonb_array_elements(tests.kept('context')::jsonb -> 'tools') t),
  'calculate http http_get sql table_write template', 'tools that may act nowhere are left out');
update goalpost.workspaces set http_hosts = '{}', webhook_hosts = '{hooks.example.com}', email_domains = '{example.com}' where id = tests.id_of('acme');
delete from goalpost.writable_tables where workspace_id = tests.id_of('acme');
select is((select string_agg(t ->> 'name', ' ') from jsonb_array_elements(goalpost_private.describe_tools(tests.id_of('acme'), null)) t),
  'calculate email http_get sql template webhook', 'tools are included when they may act somewhere');
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) values (tests.id_of('acme'), 'docs', 'https://docs.example.com/mcp', tests.id_of('adam'), now());
select is((select string_agg(t ->> 'name', ' ') from jsonb_array_elements(goalpost_private.describe_tools(tests.id_of('acme'), null)) t),
  'calculate email http_get mcp_list sql template webhook', 'mcp_list is included where there is a server');
update auth.users set raw_user_meta_data = '{"name": "Mia"}' where id = tests.id_of('mia');
create function pg_temp.context() returns jsonb language sql as $$
  select goalpost_private.context_of_workspace(r, now()) from goalpost.workflow_runs r where r.workspace_id = tests.id_of('acme') limit 1 $$;
select is(pg_temp.context() #>> '{asker,name}', 'Mia', 'the name is read from either field of the account');
update auth.users set raw_user_meta_data = jsonb_build_object('full_name', repeat('x', 500)) where id = tests.id_of('mia');
select is(length(pg_temp.context() #>> '{asker,name}'), 100, 'a long name is cut');
update auth.users set raw_user_meta_data = null where id = tests.id_of('mia');
select is(pg_temp.context() -> 'asker', '{"name": null, "role": "member"}', 'an account without a name has none');

select tests.set('run', tests.planned('thinks, follows, counts', jsonb_build_object('thinks', tests.agent(),
  'follows', jsonb_set(tests.agent(), '{input,procedure}', '[{"tool": "calculate", "arguments": {"expression": "1"}}]'))));
select tests.set('work', (tests.claim('agent') || tests.claim('tool'))::text);
select is((select c #>> '{context,asker,role}' from jsonb_array_elements(tests.kept('work')::jsonb) c where c ->> 'step_key' = k), r, l)
  from (values ('thinks', 'member', 'an agent receives the role of the requester'), ('follows', null, 'a procedure receives no role of the requester'), ('counts', null, 'a tool step receives no role of the requester')) v (k, r, l);

select * from finish();
rollback;

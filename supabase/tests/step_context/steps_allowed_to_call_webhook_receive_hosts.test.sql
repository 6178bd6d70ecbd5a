-- The workspace's list of hosts is sent with steps that may call webhook, and with no other.
begin;
select plan(5);
select tests.world();
insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('webhook', 'w', '{}', true, true)
on conflict do nothing;
update goalpost.workspaces set webhook_hosts = '{hooks.example.com,10.0.0.7:8080}' where id = tests.id_of('acme');
insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'poster', 'r', '{webhook}');
create function pg_temp.hosts(p_kind text, p_key text) returns jsonb language sql as $$
  select c #> '{context,webhook_hosts}' from jsonb_array_elements(tests.kept(p_kind)::jsonb) c where c ->> 'step_key' = p_key $$;

select tests.set('run', tests.planned('posts, counts, asks, thinks', jsonb_build_object(
  'posts', '{"input": {"tool": "webhook", "arguments": {}}}'::jsonb,
  'asks', tests.agent('poster'), 'thinks', tests.agent())));
select tests.set('tool', tests.claim('tool')::text);
select tests.set('agent', tests.claim('agent')::text);
select is(pg_temp.hosts('tool', 'posts'), '["hooks.example.com", "10.0.0.7:8080"]', 'a step that is a webhook call receives the hosts');
select is(pg_temp.hosts('agent', 'asks'), '["hooks.example.com", "10.0.0.7:8080"]', 'an agent''s step with the webhook tool receives the hosts');
select is(pg_temp.hosts('tool', 'counts'), null, 'a step that calls another tool receives no hosts');
select is(pg_temp.hosts('agent', 'thinks'), null, 'an agent''s step without the webhook tool receives no hosts');
update goalpost.workspaces set webhook_hosts = default where id = tests.id_of('acme');
select is(goalpost_private.describe_claimed(array[s], now()) #> '{0,context,webhook_hosts}', '[]', 'an empty list of hosts is sent as empty')
  from goalpost.steps s
 where s.run_id = tests.get('run') and s.key = 'posts';

select * from finish();
rollback;

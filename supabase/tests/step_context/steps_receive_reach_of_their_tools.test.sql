-- The workspace's lists are sent with steps that call tools that act outside, and with no other.
begin;
select plan(7);
select tests.world();

update goalpost.workspaces set http_hosts = '{api.example.com}', email_domains = '{example.com}', webhooks_signed = true where id = tests.id_of('acme');
insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'clerk', 'r', '{email,sql}');
select tests.set('run', tests.planned('calls, mails, counts, asks, thinks', jsonb_build_object(
  'calls', '{"input": {"tool": "http", "arguments": {}}}'::jsonb, 'mails', '{"input": {"tool": "email", "arguments": {}}}'::jsonb,
  'asks', tests.agent('clerk'), 'thinks', tests.agent())));
select tests.set('claimed', (tests.claim('tool') || tests.claim('agent'))::text);
create function pg_temp.reach(p_key text) returns jsonb language sql as $$
  select c #> '{context,reach}' from jsonb_array_elements(tests.kept('claimed')::jsonb) c where c ->> 'step_key' = p_key $$;
select is(pg_temp.reach(k), '{"http_hosts": ["api.example.com"], "email_domains": ["example.com"], "webhooks_signed": true}', format('the step %s receives hosts and domains', k))
  from unnest(array['calls', 'mails', 'asks']) k;
select is(pg_temp.reach(k), null, format('the step %s receives no hosts and domains', k)) from unnest(array['counts', 'thinks']) k;
select is_empty($$ select from jsonb_array_elements(tests.kept('claimed')::jsonb) c where c -> 'context' ? 'webhook_hosts' $$, 'steps without webhook receive no webhook hosts');
select is(goalpost_private.context_of_egress(tests.id_of('elsewhere'), '{http}'), '{"reach": {"http_hosts": [], "email_domains": [], "webhooks_signed": false}}', 'a workspace without lists sends empty lists');

select * from finish();
rollback;

-- The workspace's own secret is returned to the lease holder of a step that may call webhook, and to no other.
begin;
select plan(8);
select tests.world();

insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'poster', 'r', '{webhook}');
select vault.create_secret('whsec_b3RoZXI=', 'goalpost_webhook_' || tests.id_of('elsewhere'));
select tests.set('run', tests.planned('posts, counts, asks, thinks', jsonb_build_object(
  'posts', '{"input": {"tool": "webhook", "arguments": {}}}'::jsonb, 'asks', tests.agent('poster'), 'thinks', tests.agent())));
select tests.start(tests.get('run'), 'posts');
create function pg_temp.secret(p_key text, p_epoch bigint default 1) returns text language sql as $$
  select coalesce(goalpost_worker.read_webhook_secret(tests.get('run'), p_key, p_epoch) ->> 'secret', 'none') $$;
select is(pg_temp.secret('posts'), 'none', 'the secret of another workspace is not returned');
select is(goalpost_private.context_of_egress(tests.id_of('acme'), '{webhook}') #>> '{reach,webhooks_signed}', 'false', 'webhooks of a workspace without a secret are not signed');
select vault.create_secret('whsec_c2VjcmV0', 'goalpost_webhook_' || tests.id_of('acme'));
select is(pg_temp.secret('posts'), 'whsec_c2VjcmV0', 'a step that is a webhook call reads the secret');
select is(pg_temp.secret('asks'), 'whsec_c2VjcmV0', 'an agent''s step with the webhook tool reads the secret');
select throws_ok($$ select pg_temp.secret('counts') $$, 'ZG002', null, 'a step of another tool may not read the secret');
select throws_ok($$ select pg_temp.secret('thinks') $$, 'ZG002', null, 'an agent''s step without the webhook tool may not read it');
select throws_ok($$ select pg_temp.secret('posts', 2) $$, 'ZG009', null, 'the secret is refused under another epoch');
select is(goalpost_private.context_of_egress(tests.id_of('acme'), '{webhook}') #>> '{reach,webhooks_signed}', 'true', 'webhooks of a workspace with a secret are signed');

select * from finish();
rollback;

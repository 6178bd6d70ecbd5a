-- The workspace's own secret, to whoever holds a step that may call webhook, and to nobody else.
begin;
select plan(8);
select tests.world();

insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'teller', 'r', '{webhook}');
select vault.create_secret('whsec_b3RoZXI=', 'goalpost_webhook_' || tests.id_of('elsewhere'));
select tests.set('run', tests.planned('tells, counts, asks, thinks', jsonb_build_object(
  'tells', '{"input": {"tool": "webhook", "arguments": {}}}'::jsonb, 'asks', tests.agent('teller'), 'thinks', tests.agent())));
select tests.start(tests.get('run'), 'tells');
create function pg_temp.secret(p_key text, p_epoch bigint default 1) returns text language sql as $$
  select coalesce(goalpost_worker.read_webhook_secret(tests.get('run'), p_key, p_epoch) ->> 'secret', 'none') $$;
select is(pg_temp.secret('tells'), 'none', 'another workspace''s secret is none');
select is(goalpost_private.context_of_egress(tests.id_of('acme'), '{webhook}') #>> '{reach,webhooks_signed}', 'false', 'nothing is signed');
select vault.create_secret('whsec_c2VjcmV0', 'goalpost_webhook_' || tests.id_of('acme'));
select is(pg_temp.secret('tells'), 'whsec_c2VjcmV0', 'a step that calls it');
select is(pg_temp.secret('asks'), 'whsec_c2VjcmV0', 'an agent that may');
select throws_ok($$ select pg_temp.secret('counts') $$, 'ZG002', null, 'not a step of another tool');
select throws_ok($$ select pg_temp.secret('thinks') $$, 'ZG002', null, 'nor an agent that may not');
select throws_ok($$ select pg_temp.secret('tells', 2) $$, 'ZG009', null, 'nor without the lease');
select is(goalpost_private.context_of_egress(tests.id_of('acme'), '{webhook}') #>> '{reach,webhooks_signed}', 'true', 'and it is signed');

select * from finish();
rollback;

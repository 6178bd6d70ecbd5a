-- A member adds targets of their own, an admin those of the workspace; addresses are on the workspace's lists, and go into
-- Vault where they may be secret.
begin;
select plan(44);
select tests.world();
update goalpost.workspaces set webhook_hosts = '{hooks.example.com,inside.example:8080}', email_domains = '{tests.example}' where id = tests.id_of('acme');
update auth.users set email_confirmed_at = now() where id = tests.id_of('mia');
create function pg_temp.add(p_person text, p_target jsonb) returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.add_notification_target(%L, %L)', tests.id_of('acme'), p_target)) $$;
create function pg_temp.reason(p_person text, p_target jsonb) returns text language plpgsql as $$
begin
  perform pg_temp.add(p_person, p_target);
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create function pg_temp.hook(p_more jsonb default '{}') returns jsonb language sql as $$
  select '{"name": "hook", "kind": "webhook", "address": "https://hooks.example.com/services/T0/B0?key=hidden"}'::jsonb || p_more $$;
create temp table added as select pg_temp.add('mia', pg_temp.hook()) as reply;
select matches((select reply ->> 'secret' from added), '^whsec_[A-Za-z0-9+/]{43}=$', 'the secret that signs is returned once');
select is((select reply - 'secret' - 'target_id' - 'created_at' from added),
          '{"name": "hook", "kind": "webhook", "shared": false, "occasions": ["approval.requested", "approval.escalated", "approval.expiring", "request.completed", "request.failed", "budget.reached"], "time_zone": "UTC", "quiet_from": null, "quiet_until": null, "shown_address": "hooks.example.com"}'::jsonb,
          'the reply has the host alone, and every occasion');
select is((select s.decrypted_secret::jsonb from vault.decrypted_secrets s, added a where s.name = 'goalpost_notification_target_' || (a.reply ->> 'target_id')),
          (select jsonb_build_object('url', 'https://hooks.example.com/services/T0/B0?key=hidden', 'secret', reply ->> 'secret') from added), 'the URL and the secret are in Vault');
select is((select count(*) from goalpost.notification_targets t where to_jsonb(t)::text like '%hidden%' or to_jsonb(t)::text like '%whsec%'), 0::bigint, 'and in no row');
select is(tests.value_for('mia', 'select user_id from goalpost.notification_targets'), tests.id_of('mia')::text, 'the target is the person''s own');
select is(tests.value_for('olga', 'select count(*) from goalpost.notification_targets'), '0', 'which not even the owner of the workspace reads');
select matches(pg_temp.reason('mia', pg_temp.hook()), '^ZG004 there is a target called hook already', 'a name is taken once');
select is(pg_temp.reason('petra', pg_temp.hook()), 'none', 'by each person');
select is(pg_temp.reason('adam', pg_temp.hook('{"shared": true}')), 'none', 'and by the workspace');
select is(tests.value_for('vera', 'select count(*) from goalpost.notification_targets'), '1', 'whose target every member reads');
select is(tests.value_for('sam', 'select count(*) from goalpost.notification_targets'), '0', 'and no stranger');
select is(pg_temp.add('mia', pg_temp.hook('{"name": "inside", "address": "http://Inside.Example:8080/a"}')) ->> 'shown_address', 'inside.example:8080', 'a host with a port is compared with it, in lower case');
select is(pg_temp.add('mia', '{"name": "mail", "kind": "email"}') ->> 'shown_address', 'mia@tests.example', 'mail goes to the address of the account');
select is((select count(*) from vault.secrets s join goalpost.notification_targets t on s.name = goalpost_private.target_secret_name(t.id) where t.kind = 'email'), 0::bigint, 'which is no secret');
select is(pg_temp.add('adam', '{"name": "team", "kind": "email", "address": "Team@tests.example", "shared": true}') ->> 'shown_address', 'team@tests.example', 'a workspace''s mail goes where its admin names');
select matches(pg_temp.reason('vera', pg_temp.hook()), '^ZG002', 'a viewer adds none');
select matches(pg_temp.reason('petra', pg_temp.hook('{"shared": true, "name": "more"}')), '^ZG002', 'nor an approver one of the workspace');
select matches(pg_temp.reason('sam', pg_temp.hook()), '^ZG001', 'nor a stranger');
select matches(pg_temp.reason('petra', '{"name": "mail", "kind": "email"}'), '^ZG003 your account has no confirmed', 'an address that is not confirmed is refused');
select matches(pg_temp.reason('mia', '{"name": "other", "kind": "email", "address": "petra@tests.example"}'), '^ZG003 your own mail goes to', 'and so is another person''s');
select matches(pg_temp.reason('mia', pg_temp.hook('{"name": "more"}') || m.more), '^ZG003 ' || m.expected, m.more::text || ' is refused')
  from (values ('{"name": ""}'::jsonb, '.*name'), ('{"name": " "}', 'a target''s name'), ('{"name": "A"}', 'a target''s name'), ('{"name": "a\u202e"}', 'a target''s name'), ('{"name": 3}', '.*type string'),
               ('{"kind": "fax"}', '.*one of'), ('{"address": null}', '.*type string'), ('{"address": "ftp://hooks.example.com/"}', 'the address of a webhook'), ('{"address": "https://me@hooks.example.com/"}', 'the address of a webhook'),
               ('{"address": "https://hooks.example.com/#a"}', 'none'), ('{"address": "https://hooks.example.com/a b"}', 'the address of a webhook'), ('{"address": "https://hooks.example.com\\@evil.example/"}', 'the address of a webhook'),
               ('{"address": "https://evil.example/"}', 'evil.example is not among the hosts'), ('{"address": "https://hooks.example.com:444/"}', 'hooks.example.com:444 is not'), ('{"address": "http://hooks.example.com/"}', 'hooks.example.com:80 is not'),
               ('{"occasions": ["odd"]}', 'odd is no occasion'), ('{"occasions": "all"}', '.*type array'), ('{"colour": "red"}', '.*colour')) m (more, expected)
 where m.expected <> 'none';
select matches(pg_temp.reason('mia', pg_temp.hook(jsonb_build_object('name', 'more', 'address', 'https://hooks.example.com/' || repeat('x', 1000)))), '^ZG003 ', 'an address that is too long is refused');
select matches(pg_temp.reason('mia', null), '^ZG003 the target', 'a target is required');
select matches(pg_temp.reason('adam', '{"name": "far", "kind": "email", "address": "a@elsewhere.example", "shared": true}'), '^ZG003 elsewhere.example is not among the domains', 'a domain that is not listed is refused');
update goalpost_private.limits set max_notification_targets = 3;
select matches(pg_temp.reason('mia', pg_temp.hook('{"name": "more"}')), '^ZG006', 'a person has a bounded number');
select is(pg_temp.reason('petra', pg_temp.hook('{"name": "more"}')), 'none', 'each for themselves');
select is(tests.refusal_for('mia', format('select goalpost.remove_notification_target(%L, ''hook'')', tests.id_of('acme'))), 'none', 'a person removes their own target, not the workspace''s of the same name');
select is((select count(*) from vault.secrets s, added a where s.name = 'goalpost_notification_target_' || (a.reply ->> 'target_id')), 0::bigint, 'and Vault forgets it');
select * from finish();
rollback;

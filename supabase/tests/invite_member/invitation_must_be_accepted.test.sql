-- An invitation is a row until the invited person accepts it, and its answer does not show whether an account exists.
begin;
select plan(26);
select tests.world();
select tests.person('new');
select tests.person('ivan');
create function pg_temp.invite(p_by text, p_person text, p_role text default 'member') returns jsonb language sql
as $$ select tests.json_for(p_by, format('select goalpost.invite_member(%L, %L, %L)', tests.id_of('acme'), p_person, p_role)) $$;
create function pg_temp.refused(p_by text, p_person text, p_role text default 'member') returns text language sql
as $$ select tests.refusal_for(p_by, format('select goalpost.invite_member(%L, %L, %L)', tests.id_of('acme'), p_person, p_role)) $$;

select is(pg_temp.invite('adam', tests.id_of('new')::text) - 'invitation_id' - 'person', pg_temp.invite('adam', gen_random_uuid()::text) - 'invitation_id' - 'person', 'the answer is the same for an id without an account');
select is(pg_temp.invite('adam', 'ivan@tests.example') - 'invitation_id' - 'person', pg_temp.invite('adam', 'absent@tests.example') - 'invitation_id' - 'person', 'the answer is the same for an address without an account');
select is(pg_temp.invite('adam', tests.id_of('mia')::text) - 'invitation_id' - 'person', pg_temp.invite('adam', gen_random_uuid()::text) - 'invitation_id' - 'person', 'the answer is the same for a member');
select is((select count(*) from goalpost.members where user_id in (tests.id_of('new'), tests.id_of('ivan'))), 0::bigint, 'an invitation adds no member');
select is(tests.value_for('new', 'select count(*) from goalpost.workspaces'), '0', 'the invited person does not see the workspace');
select is(tests.value_for('new', 'select workspace_name || '' '' || role from goalpost.invitations'), 'acme member', 'the invited person sees the invitation');
select is(tests.value_for('ivan', 'select count(*) from goalpost.invitations'), '0', 'an address that is not confirmed shows no invitation');
select is(tests.value_for('sam', 'select count(*) from goalpost.invitations'), '0', 'a stranger sees no invitation');
select is(tests.value_for('mia', 'select count(*) from goalpost.invitations where user_id is distinct from auth.uid()'), '0', 'a member sees no invitation of others');

select tests.set('of_new', (select id from goalpost.invitations where user_id = tests.id_of('new')));
select tests.set('of_ivan', (select id from goalpost.invitations where email = 'ivan@tests.example'));
select is(tests.refusal_for(p, format('select goalpost.accept_invitation(%s)', tests.get('of_new'))), 'ZG001', format('%s does not accept another''s invitation', p)) from unnest(array['ivan', 'sam', 'adam']) p;
select is(tests.refusal_for('ivan', format('select goalpost.accept_invitation(%s)', tests.get('of_ivan'))), 'ZG001', 'an unconfirmed address cannot accept an invitation');
update auth.users set email_confirmed_at = now() where id = tests.id_of('ivan');
select is(tests.json_for('ivan', format('select goalpost.accept_invitation(%s)', tests.get('of_ivan'))) ->> 'role', 'member', 'a person with a confirmed address accepts');
select is(tests.json_for('new', format('select goalpost.accept_invitation(%s)', tests.get('of_new'))) ->> 'role', 'member', 'the invited person accepts the invitation');
select is(tests.refusal_for('new', format('select goalpost.accept_invitation(%s)', tests.get('of_new'))), 'ZG001', 'an invitation is accepted once');
select is(tests.json_for('mia', format('select goalpost.accept_invitation(%s)', (select id from goalpost.invitations where user_id = tests.id_of('mia')))) ->> 'role', 'member', 'a member keeps their role');

-- Roles that may invite, and roles that may be given.
select is(pg_temp.refused(c.who, c.person, c.role), c.refusal, format('%s invites %s as %s', c.who, c.person, c.role)) from (values
  ('adam', 'x@tests.example', 'owner', 'ZG002'), ('petra', 'x@tests.example', 'viewer', 'ZG002'), ('sam', 'x@tests.example', 'viewer', 'ZG001'),
  ('adam', 'nothing', 'viewer', 'ZG003'), ('adam', null, 'viewer', 'ZG003'), ('adam', 'x@tests.example', 'king', 'ZG003')) c (who, person, role, refusal);

-- An invitation is valid while its inviter may give its role, and for two weeks.
select tests.person('late');
select tests.set('late', (pg_temp.invite('adam', tests.id_of('late')::text) ->> 'invitation_id')::bigint);
update goalpost.members set role = 'member' where user_id = tests.id_of('adam');
select is(tests.refusal_for('late', format('select goalpost.accept_invitation(%s)', tests.get('late'))), 'ZG004', 'an invitation is invalid when its inviter loses the role');
update goalpost.members set role = 'admin' where user_id = tests.id_of('adam');
select tests.advance_clock('14 days');
select is(tests.refusal_for('late', format('select goalpost.accept_invitation(%s)', tests.get('late'))), 'ZG001', 'an invitation expires after two weeks');

update goalpost_private.limits set max_invitations = 1;
select pg_temp.invite('adam', 'one@tests.example');
select is(pg_temp.refused('adam', 'two@tests.example'), 'ZG006', 'open invitations are refused above their cap');

select * from finish();
rollback;

-- A memory about a person is revoked by that person, any other by admins of the workspace; others cannot see it.
begin;
select plan(7);
select tests.world();

select tests.set('shared', tests.memory('shared'));
select tests.set('own', tests.memory('own', 'user', jsonb_build_object('user_id', tests.id_of('mia'))));
create function pg_temp.attempt(p_person text, p_which text) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.revoke_memory(%s)', tests.get(p_which))) $$;
select is(pg_temp.attempt('mia', 'shared'), 'ZG002', 'a member may not revoke a memory of the workspace');
select is(pg_temp.attempt('sam', 'shared'), 'ZG001', 'a stranger cannot see the memory to revoke');
select is(pg_temp.attempt('adam', 'own'), 'ZG001', 'an admin cannot see a memory about another person');
select is(pg_temp.attempt('mia', 'own'), 'none', 'a person may revoke a memory about themselves');
select is(pg_temp.attempt('adam', 'shared'), 'none', 'an admin may revoke a memory of the workspace');
select is(pg_temp.attempt('adam', 'shared'), 'none', 'a memory may be revoked a second time');
select is((select string_agg(distinct trust, ' ') from goalpost.memories), 'revoked', 'both memories are now revoked');

select * from finish();
rollback;

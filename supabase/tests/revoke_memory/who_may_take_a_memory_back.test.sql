-- The person it is about, and admins of the workspace what is not about somebody else; for others it is not there.
begin;
select plan(7);
select tests.world();

select tests.set('shared', tests.memory('shared'));
select tests.set('own', tests.memory('own', 'user', jsonb_build_object('user_id', tests.id_of('mia'))));
create function pg_temp.attempt(p_person text, p_which text) returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.revoke_memory(%s)', tests.get(p_which))) $$;
select is(pg_temp.attempt('mia', 'shared'), 'ZG002', 'a member not what is for all');
select is(pg_temp.attempt('sam', 'shared'), 'ZG001', 'a stranger finds nothing');
select is(pg_temp.attempt('adam', 'own'), 'ZG001', 'an admin not what is about somebody else');
select is(pg_temp.attempt('mia', 'own'), 'none', 'a person what is about them');
select is(pg_temp.attempt('adam', 'shared'), 'none', 'an admin what is for all');
select is(pg_temp.attempt('adam', 'shared'), 'none', 'twice');
select is((select string_agg(distinct trust, ' ') from goalpost.memories), 'revoked', 'and so they are');

select * from finish();
rollback;

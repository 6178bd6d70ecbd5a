-- A member reads what is remembered in the workspace, and of what is about a person only what is about them.
begin;
select plan(3);
select tests.world();
select tests.memory('for all');
select tests.memory('about mia', 'user', jsonb_build_object('user_id', tests.id_of('mia')));
select tests.memory('about petra', 'user', jsonb_build_object('user_id', tests.id_of('petra')));
create function pg_temp.read_by(p_person text) returns text language sql as $$
  select tests.value_for(p_person, 'select string_agg(text, '', '' order by text) from goalpost.memories') $$;
select is(pg_temp.read_by('mia'), 'about mia, for all', 'mia');
select is(pg_temp.read_by('adam'), 'for all', 'an admin too');
select is(pg_temp.read_by('sam'), null, 'a stranger nothing');

select * from finish();
rollback;

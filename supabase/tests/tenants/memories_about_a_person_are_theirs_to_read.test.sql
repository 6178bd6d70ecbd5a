-- A member reads the memories of the workspace, and of those about a person only their own.
begin;
select plan(3);
select tests.world();
select tests.memory('for all');
select tests.memory('about mia', 'user', jsonb_build_object('user_id', tests.id_of('mia')));
select tests.memory('about petra', 'user', jsonb_build_object('user_id', tests.id_of('petra')));
create function pg_temp.read_by(p_person text) returns text language sql as $$
  select tests.value_for(p_person, 'select string_agg(text, '', '' order by text) from goalpost.memories') $$;
select is(pg_temp.read_by('mia'), 'about mia, for all', 'a member reads their own and the workspace''s memories');
select is(pg_temp.read_by('adam'), 'for all', 'an admin reads no memory about another person');
select is(pg_temp.read_by('sam'), null, 'a stranger reads no memory of the workspace');

select * from finish();
rollback;

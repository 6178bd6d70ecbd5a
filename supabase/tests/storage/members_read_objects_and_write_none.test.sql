-- An object belongs to the workspace that its name begins with.
begin;
select plan(15);
select tests.world();

insert into storage.buckets (id, name) values ('others', 'others');
insert into storage.objects (bucket_id, name, version)
select b, format('%s/1/a/%s.json', w, b), '1'
  from unnest(array['goalpost', 'others']) b, unnest(array[tests.id_of('acme'), tests.id_of('elsewhere')]::text[] || 'free'::text) w;
insert into storage.objects (bucket_id, name, version)
values ('goalpost', format('free/%s/a/0.json', tests.id_of('acme')), '1'), ('goalpost', tests.id_of('acme')::text, '1');
select set_config('storage.allow_delete_query', 'true', true);

create function pg_temp.read_by(p_person text) returns text language sql as $$
  select tests.value_for(p_person, 'select string_agg(bucket_id || '':'' || name, '', '' order by name) from storage.objects') $$;
select is(pg_temp.read_by(p), format('goalpost:%s/1/a/goalpost.json', tests.id_of('acme')), p || ' reads the object of acme only')
  from unnest(array['olga', 'adam', 'petra', 'mia', 'vera']) p;
select is(pg_temp.read_by('sam'), format('goalpost:%s/1/a/goalpost.json', tests.id_of('elsewhere')), 'a stranger reads only objects of their own workspace');
select is(pg_temp.read_by(null), null, 'anon cannot read any object');

select tests.speak_as('mia');
set local role goalpost_asker;
select results_eq('select count(*) from storage.objects', array[1::bigint], 'a member''s SQL reads what the member reads');
reset role;

select is(tests.refusal_for(p, format($$ insert into storage.objects (bucket_id, name, version) values ('goalpost', '%s/1/a/x.json', '1') $$, tests.id_of('acme'))),
          '42501', coalesce(p, 'anon') || ' may not insert an object')
  from unnest(array['olga', 'mia', 'sam', null]) p;
select tests.value_for('olga', $$ update storage.objects set version = '2' $$);
select tests.value_for('olga', $$ delete from storage.objects $$);
select is((select count(*) from storage.objects where version = '1'), 8::bigint, 'an owner may not update or delete an object');

-- A person who leaves a workspace may not read its objects any more.
delete from goalpost.members where workspace_id = tests.id_of('acme') and user_id = tests.id_of('mia');
select is(pg_temp.read_by('mia'), null, 'a person who left reads no object');
select is(pg_temp.read_by('vera'), format('goalpost:%s/1/a/goalpost.json', tests.id_of('acme')), 'a remaining member reads the workspace''s object');

select * from finish();
rollback;

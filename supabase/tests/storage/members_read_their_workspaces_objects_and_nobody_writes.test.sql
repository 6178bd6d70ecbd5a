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
select is(pg_temp.read_by(p), format('goalpost:%s/1/a/goalpost.json', tests.id_of('acme')), p || ' reads what is of acme')
  from unnest(array['olga', 'adam', 'petra', 'mia', 'vera']) p;
select is(pg_temp.read_by('sam'), format('goalpost:%s/1/a/goalpost.json', tests.id_of('elsewhere')), 'a stranger what is of their own workspace');
select is(pg_temp.read_by(null), null, 'who is not signed in nothing');

select tests.speak_as('mia');
set local role goalpost_asker;
select results_eq('select count(*) from storage.objects', array[1::bigint], 'a member''s SQL reads what the member reads');
reset role;

select is(tests.refusal_for(p, format($$ insert into storage.objects (bucket_id, name, version) values ('goalpost', '%s/1/a/x.json', '1') $$, tests.id_of('acme'))),
          '42501', coalesce(p, 'nobody') || ' puts nothing')
  from unnest(array['olga', 'mia', 'sam', null]) p;
select tests.value_for('olga', $$ update storage.objects set version = '2' $$);
select tests.value_for('olga', $$ delete from storage.objects $$);
select is((select count(*) from storage.objects where version = '1'), 8::bigint, 'an owner changes and deletes nothing');

-- Who leaves a workspace loses its objects.
delete from goalpost.members where workspace_id = tests.id_of('acme') and user_id = tests.id_of('mia');
select is(pg_temp.read_by('mia'), null, 'who has left reads nothing');
select is(pg_temp.read_by('vera'), format('goalpost:%s/1/a/goalpost.json', tests.id_of('acme')), 'who has not does');

select * from finish();
rollback;

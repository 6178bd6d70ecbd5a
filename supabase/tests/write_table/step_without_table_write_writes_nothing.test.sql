-- The step's own tool or its agent's list must contain table_write; the worker's token alone is not enough.
begin;
select plan(6);
select tests.world();

create table public.notes (id integer);
grant insert on public.notes to authenticated;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'notes');
insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'scribe', 'r', '{table_write}'), (tests.id_of('acme'), 'reader', 'r', '{sql}');
select tests.set('run', tests.planned('a, writes, reads, done', jsonb_build_object('writes', tests.agent('scribe'), 'reads', tests.agent('reader'))));
select tests.do_complete(tests.get('run'), 'done');
select tests.start(tests.get('run'), 'a');
create function pg_temp.write(p_key text) returns text language sql as $$
  select coalesce(w ->> 'refused', w ->> 'row_count') from goalpost_worker.write_table(tests.get('run'), p_key, 1, 1, 'public.notes', '[{"id": 1}]', 'insert') w $$;
select is(pg_temp.write('a'), 'ZG002', 'a step of another tool may not write');
select is(pg_temp.write('reads'), 'ZG002', 'an agent without table_write may not write');
select is(pg_temp.write('writes'), '1', 'an agent with table_write may write');
select throws_ok($$ select pg_temp.write('done') $$, 'ZG009', null, 'a step that ended may not write');
select throws_ok($$ select pg_temp.write('absent') $$, 'ZG009', null, 'a step that does not exist may not write');
select is((select count(*) from public.notes), 1::bigint, 'only the allowed write has inserted a row');

select * from finish();
rollback;

-- A call writes with the rights of whoever asked, and a repeated one is given the first result and writes nothing.
begin;
select plan(15);
select tests.world();

create table public.notes (id integer primary key, owner uuid not null default auth.uid(), body text default 'none', twice text generated always as (body || body) stored);
alter table public.notes enable row level security;
create policy own on public.notes for all to authenticated using (owner = (select auth.uid())) with check (owner = (select auth.uid()));
grant select, insert, update on public.notes to authenticated;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name, operations) values (tests.id_of('acme'), 'public', 'notes', '{insert,update}');
select tests.set('run', tests.planned('a', '{"a": {"input": {"tool": "table_write", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.write(p_number integer, p_rows jsonb, p_mode text default 'insert', p_conflict text[] default null, p_table text default 'public.notes')
returns jsonb language sql as $$
  select goalpost_worker.write_table(tests.get('run'), 'a', 1, p_number, p_table, p_rows, p_mode, p_conflict) $$;

select is(pg_temp.write(1, '[{"id": 1, "body": "one"}, {"id": 2, "body": "two"}]'), '{"table": "public.notes", "mode": "insert", "row_count": 2}', 'two rows');
select is(pg_temp.write(1, '[{"id": 1, "body": "one"}, {"id": 2, "body": "two"}]'), '{"table": "public.notes", "mode": "insert", "row_count": 2}', 'the same call again: the same result');
select results_eq('select id, owner, body, twice from public.notes order by id',
  format($$ values (1, %L::uuid, 'one', 'oneone'), (2, %L, 'two', 'twotwo') $$, tests.id_of('mia'), tests.id_of('mia')), 'and the rows once, hers by their own default');
select throws_ok($$ select pg_temp.write(1, '[{"id": 3}]') $$, 'ZG004', null, 'the same call with other rows is not the same call');
select is(pg_temp.write(2, '[{"id": 2, "body": "changed"}, {"id": 3, "body": "three"}]', 'upsert', '{id}') ->> 'row_count', '2', 'an upsert');
select results_eq('select id, body from public.notes order by id', $$ values (1, 'one'), (2, 'changed'), (3, 'three') $$, 'changes what is there');
select is(pg_temp.write(3, '[{"id": 4}]'), '{"table": "public.notes", "mode": "insert", "row_count": 1}', 'what is left out');
select is((select body from public.notes where id = 4), 'none', 'has its default');
select is(pg_temp.write(4, '[{"id": 4}]', 'upsert', '{id}') ->> 'row_count', '0', 'an upsert with nothing to change changes nothing');

-- Row-level security, keys and checks are the table's, and what they refuse is an answer that leaves nothing behind.
select is(pg_temp.write(5, jsonb_build_array(jsonb_build_object('id', 5, 'owner', tests.id_of('petra')))) ->> 'refused', 'ZG008', 'a row for another person');
select is(pg_temp.write(6, '[{"id": 6}, {"id": 1}]') ->> 'refused', 'ZG008', 'a key that is taken');
select is_empty('select from public.notes where id in (5, 6)', 'nothing of it is there');
select is(pg_temp.write(6, '[{"id": 6}]') ->> 'row_count', '1', 'a call that was refused may be made again, mended');
update goalpost.steps set lease_epoch = 2 where run_id = tests.get('run') and key = 'a';
select throws_ok($$ select pg_temp.write(7, '[{"id": 7}]') $$, 'ZG009', null, 'whoever lost the lease writes nothing');
select is(goalpost_worker.write_table(tests.get('run'), 'a', 2, 1, 'public.notes', '[{"id": 1, "body": "one"}, {"id": 2, "body": "two"}]', 'insert') ->> 'row_count', '2',
  'the next try of the call is given what the first wrote');

select * from finish();
rollback;

-- A call writes with the rights of the requester; a repeated call returns the first result and writes nothing.
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

select is(pg_temp.write(1, '[{"id": 1, "body": "one"}, {"id": 2, "body": "two"}]'), '{"table": "public.notes", "mode": "insert", "row_count": 2}', 'a call inserts its two rows');
select is(pg_temp.write(1, '[{"id": 1, "body": "one"}, {"id": 2, "body": "two"}]'), '{"table": "public.notes", "mode": "insert", "row_count": 2}', 'the repeated call returns the same result');
select results_eq('select id, owner, body, twice from public.notes order by id',
  format($$ values (1, %L::uuid, 'one', 'oneone'), (2, %L, 'two', 'twotwo') $$, tests.id_of('mia'), tests.id_of('mia')), 'the rows are written once, owned by the requester by default');
select throws_ok($$ select pg_temp.write(1, '[{"id": 3}]') $$, 'ZG004', null, 'a repeated call with other rows is refused');
select is(pg_temp.write(2, '[{"id": 2, "body": "changed"}, {"id": 3, "body": "three"}]', 'upsert', '{id}') ->> 'row_count', '2', 'an upsert writes a changed and a new row');
select results_eq('select id, body from public.notes order by id', $$ values (1, 'one'), (2, 'changed'), (3, 'three') $$, 'the upsert has changed the existing row');
select is(pg_temp.write(3, '[{"id": 4}]'), '{"table": "public.notes", "mode": "insert", "row_count": 1}', 'a row without some columns is inserted');
select is((select body from public.notes where id = 4), 'none', 'the omitted column has its default');
select is(pg_temp.write(4, '[{"id": 4}]', 'upsert', '{id}') ->> 'row_count', '0', 'an upsert without other columns changes no row');

-- Row-level security, keys and checks are the table's; a refusal is an answer that leaves no row.
select is(pg_temp.write(5, jsonb_build_array(jsonb_build_object('id', 5, 'owner', tests.id_of('petra')))) ->> 'refused', 'ZG008', 'a row for another person is refused');
select is(pg_temp.write(6, '[{"id": 6}, {"id": 1}]') ->> 'refused', 'ZG008', 'rows with a key that exists are refused');
select is_empty('select from public.notes where id in (5, 6)', 'no row of a refused call is left');
select is(pg_temp.write(6, '[{"id": 6}]') ->> 'row_count', '1', 'a refused call may be made again with other rows');
update goalpost.steps set lease_epoch = 2 where run_id = tests.get('run') and key = 'a';
select throws_ok($$ select pg_temp.write(7, '[{"id": 7}]') $$, 'ZG009', null, 'a worker that lost the lease writes nothing');
select is(goalpost_worker.write_table(tests.get('run'), 'a', 2, 1, 'public.notes', '[{"id": 1, "body": "one"}, {"id": 2, "body": "two"}]', 'insert') ->> 'row_count', '2',
  'the next attempt''s call returns the first result');

select * from finish();
rollback;

-- Every name is looked up and every bound is checked before anything is written; the answer states what is allowed.
begin;
select plan(31);
select tests.world();

create schema shop;
grant usage on schema shop to authenticated;
create table public.notes (id integer primary key, number integer generated always as identity, body text, long text generated always as (body) stored);
create table public.hidden (id integer);
create table public.shut (id integer);
create table shop."Odd""Name" ("a b" integer primary key);
create view public.seen as select 1 as id;
grant all on public.notes, public.hidden, shop."Odd""Name" to authenticated;
revoke all on public.shut from authenticated, anon, public;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name, operations)
values (tests.id_of('acme'), 'public', 'notes', '{insert}'), (tests.id_of('acme'), 'public', 'shut', '{insert,update}'),
       (tests.id_of('acme'), 'public', 'seen', '{insert}'), (tests.id_of('acme'), 'public', 'gone', '{insert}'),
       (tests.id_of('acme'), 'shop', 'Odd"Name', '{insert,update}'), (tests.id_of('elsewhere'), 'public', 'hidden', '{insert}');
select tests.set('run', tests.planned('a, b', '{"a": {"input": {"tool": "table_write", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'a');
create sequence pg_temp.call;
create function pg_temp.result(p_table text, p_rows jsonb, p_mode text default 'insert', p_conflict text[] default null) returns text language sql as $$
  select coalesce(w ->> 'message', w ->> 'row_count')
    from goalpost_worker.write_table(tests.get('run'), 'a', 1, nextval('pg_temp.call')::integer, p_table, p_rows, p_mode, p_conflict) w $$;

select is(pg_temp.result('public.notes', '[{"id": 1, "body": "x"}]'), '1', 'a listed table can be written');
select is(pg_temp.result('shop.Odd"Name', '[{"a b": 1}]'), '1', 'a table with quotes in its name can be written');
select is(pg_temp.result('shop.Odd"Name', '[{"a b": 1}]', 'upsert', '{a b}'), '0', 'a column with a space can be a conflict column');
select matches(pg_temp.result(t, '[{"id": 2}]'), '^.* is not among the tables that this workspace may write; these are: public.gone, public.notes', format('the table "%s" is refused with the listed ones', t))
  from unnest(array['public.hidden', 'public.gone', 'public.seen', 'notes', '', '.', 'public.', 'Public.notes', 'public."notes"', 'public.notes;drop table public.notes',
                    'goalpost.members', 'auth.users', 'pg_catalog.pg_class']) t;
select matches(pg_temp.result('public.shut', '[{"id": 2}]'), 'permission denied', 'a table that the asker may not write is refused');
select matches(pg_temp.result('public.notes', '[{"id": 1, "body": "y"}]', 'upsert', '{id}'), 'may be inserted into, and not updated', 'an upsert without the update operation is refused');
select is(pg_temp.result('public.notes', '[{"id": 2}]', 'replace'), 'a mode is insert or upsert', 'an unknown mode is refused');
select matches(pg_temp.result('public.shut', '[{"id": 2}]', 'upsert'), '^upsert names the conflict_columns', 'an upsert without conflict columns is refused');
select matches(pg_temp.result('public.notes', '[{"id": 2}]', 'insert', '{id}'), 'insert names none', 'an insert with conflict columns is refused');
select matches(pg_temp.result('public.notes', r), 'rows are a list of 1 to 500 objects', 'refused as rows: ' || left(r::text, 40))
  from (values ('[]'::jsonb), ('{}'), ((select jsonb_agg(jsonb_build_object('id', n)) from generate_series(1, 501) n)),
               (jsonb_build_array(jsonb_build_object('body', repeat('x', 262144))))) r (r);
select matches(pg_temp.result('public.notes', '[{"id": 2}, {}]'), 'each row is an object', 'a row without columns is refused');
select matches(pg_temp.result('public.notes', '[{"id": 2}, {"body": "x"}]'), 'all rows have the same columns', 'rows with different columns are refused');
select matches(pg_temp.result('public.notes', '[{"id": 2, "nope": 1}]'), 'there is no column nope that can be written; there are: id, body', 'an unknown column is refused with the writable ones');
select matches(pg_temp.result('public.notes', '[{"id": 2, "long": "x"}]'), 'there is no column long', 'a generated column is refused');
select matches(pg_temp.result('public.notes', '[{"id": 2, "number": 1}]'), 'there is no column number', 'an identity column is refused');
select is((select count(*) from public.notes), 1::bigint, 'refused writes leave no row');

select * from finish();
rollback;

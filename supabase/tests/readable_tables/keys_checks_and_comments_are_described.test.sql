-- The catalog data of a table that a model may use: keys, checks, comments, labels of enums.
begin;
select plan(13);
select tests.world();

create schema tests_shop;
create schema tests_other;
create type tests_shop.size as enum ('s', 'm');
create table tests_shop.people (id bigint primary key, email text not null unique);
create table tests_other.hidden (id bigint primary key);
create table tests_shop.orders (
  line integer, id bigint, person_id bigint references tests_shop.people, hidden_id bigint references tests_other.hidden,
  status text not null check (status in ('open', 'paid')), size tests_shop.size, other text check (other <> repeat('x', 1) || ''
    || 'a long check that is left out, and that goes on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on'),
  primary key (line, id), unique (person_id, size), check (line < id));
comment on table tests_shop.orders is 'What was bought.';
comment on column tests_shop.orders.status is 'Where it is.';
create view tests_shop.totals as select count(*) as orders from tests_shop.orders;
do $$ begin
  execute format('create table tests_shop.edge (a text check (a <> %L), b text check (b <> %L), c text unique)', repeat('x', 187), repeat('x', 188));
end $$;
grant select on all tables in schema tests_shop to authenticated;
update goalpost.workspaces set readable_schemas = '{tests_shop}' where id = tests.id_of('acme');
create function pg_temp.table(p_name text) returns jsonb language sql as $$
  select t from jsonb_array_elements(goalpost_private.readable_tables(tests.id_of('acme'), '') -> 'tables') t where t ->> 'name' = p_name $$;
create function pg_temp.column(p_name text) returns jsonb language sql as $$
  select c from jsonb_array_elements(pg_temp.table('orders') -> 'columns') c where c ->> 'name' = p_name $$;

select is(pg_temp.table('orders') - 'columns', '{
    "schema": "tests_shop", "name": "orders", "kind": "table", "comment": "What was bought.", "primary_key": ["line", "id"],
    "unique_keys": [["person_id", "size"]],
    "foreign_keys": [{"columns": ["person_id"], "references": "tests_shop.people", "referenced_columns": ["id"]}],
    "checks": [{"columns": ["line", "id"], "expression": "line < id"},
               {"columns": ["status"], "expression": "status = ANY (ARRAY[''open''::text, ''paid''::text])"}]}',
  'a table has its ordered keys, short checks and readable foreign keys');
select is(jsonb_array_length(goalpost_private.readable_tables(tests.id_of('acme'), '') -> 'tables'), 4, 'each table is described once, whatever its comments');
select is(pg_temp.column('status'), '{"name": "status", "type": "text", "not_null": true, "comment": "Where it is."}', 'a column has its comment');
select is(pg_temp.column('size'), '{"name": "size", "type": "tests_shop.size", "values": ["s", "m"]}', 'a column of an enum has the labels');
select is(pg_temp.table('people') -> 'unique_keys', '[["email"]]', 'a unique column is a key');
select is(pg_temp.table('totals'), '{"schema": "tests_shop", "name": "totals", "kind": "view", "columns": [{"name": "orders", "type": "bigint"}]}', 'a view is described as a view');

select is(pg_temp.table('edge') -> 'primary_key', null, 'a table without a primary key has none');
select is((select string_agg(c -> 'columns' ->> 0, ' ') from jsonb_array_elements(pg_temp.table('edge') -> 'checks') c), 'a', 'a check of 200 characters is described, a longer one is not');

insert into tests_shop.people select n, n::text from generate_series(1, 500) n;
analyze tests_shop.people;
select is(pg_temp.table('people') -> 'estimated_rows', '500', 'a table without row-level security has an estimate of its rows');
alter table tests_shop.people enable row level security;
select is(pg_temp.table('people') -> 'estimated_rows', null, 'a table with row-level security has no estimate of its rows');
select is(pg_temp.table('orders') -> 'estimated_rows', null, 'a table that was never analyzed has no estimate');
create table tests_shop.a_small (id integer);
grant select on tests_shop.a_small to authenticated;
select is((goalpost_private.tables_for(array['tests_shop.a_small', 'tests_shop.people']::regclass[]::oid[], '{}'))[1], 'tests_shop.a_small'::regclass::oid,
  'the size of a table with row-level security is ignored');
do $$ begin
  execute (select 'create table tests_shop.wide (' || string_agg(format('c%s integer', n), ', ') || ')' from generate_series(1, 45) n);
  grant select on tests_shop.wide to authenticated;
end $$;
select is(jsonb_build_array(jsonb_array_length(pg_temp.table('wide') -> 'columns'), pg_temp.table('wide') -> 'more_columns'), '[40, 5]',
  'forty columns of a wide table are described, with the rest counted');

select * from finish();
rollback;

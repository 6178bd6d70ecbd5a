-- A planner uses these tables; a table that signed-in people may not read is not among them.
begin;
select plan(2);
select tests.world();

create schema tests_shop;
create table tests_shop.open (id int, name text);
create table tests_shop.shut (id int);
grant select on tests_shop.open to authenticated;
update goalpost.workspaces set readable_schemas = '{tests_shop}' where id = tests.id_of('acme');
select is(goalpost_private.readable_tables(tests.id_of('acme'), 'what?'),
  '{"more_tables": 0, "tables": [{"schema": "tests_shop", "name": "open", "kind": "table", "columns": [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}]}]}', 'a table without a grant to signed-in people is left out');
create table tests_shop.bare ();
grant select on tests_shop.bare to authenticated;
select is(goalpost_private.readable_tables(tests.id_of('acme'), 'what?') #> '{tables,0}',
  '{"schema": "tests_shop", "name": "bare", "kind": "table", "columns": []}', 'a table without columns has an empty list of them');

select * from finish();
rollback;

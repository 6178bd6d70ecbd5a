-- A planner builds on these; a table nobody may read is not among them.
begin;
select plan(1);
select tests.world();

create schema tests_shop;
create table tests_shop.open (id int, name text);
create table tests_shop.shut (id int);
grant select on tests_shop.open to authenticated;
update goalpost.workspaces set readable_schemas = '{tests_shop}' where id = tests.id_of('acme');
select is(goalpost_private.readable_tables(tests.id_of('acme')),
  '[{"schema": "tests_shop", "name": "open", "estimated_rows": 0, "columns": [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}]}]', 'one of two');

select * from finish();
rollback;

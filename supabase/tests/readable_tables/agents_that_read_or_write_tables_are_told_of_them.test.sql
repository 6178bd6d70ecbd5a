-- An agent that may query is told of the tables, as a planner is.
begin;
select plan(5);
select tests.world();

create schema tests_shop;
create table tests_shop.orders (id integer);
create table tests_shop.zebras (id integer);
grant select on all tables in schema tests_shop to authenticated;
update goalpost.workspaces set readable_schemas = '{tests_shop}' where id = tests.id_of('acme');
insert into goalpost.agents (workspace_id, name, role, tools) values
  (tests.id_of('acme'), 'reader', 'r', '{sql}'), (tests.id_of('acme'), 'writer', 'r', '{table_write}'), (tests.id_of('acme'), 'thinker', 'r', '{calculate}');
select tests.set('run', tests.planned('reads, writes, thinks, follows', jsonb_build_object(
  'reads', jsonb_set(tests.agent('reader'), '{input,instructions}', '"Count the zebras."'), 'writes', tests.agent('writer'), 'thinks', tests.agent('thinker'),
  'follows', jsonb_set(tests.agent('reader'), '{input,procedure}', '[{"tool": "sql", "arguments": {"query": "select 1"}}]'))));
select tests.set('told', tests.claim('agent')::text);
create function pg_temp.tables(p_key text) returns text language sql as $$
  select (select string_agg(t ->> 'name', ' ' order by n) from jsonb_array_elements(c #> '{context,tables}') with ordinality l (t, n))
    from jsonb_array_elements(tests.kept('told')::jsonb) c where c ->> 'step_key' = p_key $$;

select is(pg_temp.tables('reads'), 'zebras orders', 'an agent with sql is told of the tables, those first that its instructions name');
select is(pg_temp.tables('writes'), 'orders zebras', 'an agent with table_write is told of them too');
select is(pg_temp.tables('thinks'), null, 'an agent with neither tool is not');
select is(pg_temp.tables('follows'), null, 'nor is a step that follows a procedure');
select is((select count(*) from jsonb_array_elements(tests.kept('told')::jsonb) c where c -> 'context' ? 'more_tables'), 2::bigint, 'the number of those left out comes with them');

select * from finish();
rollback;

-- An agent that may query or write receives the tables, as a planner does.
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
select tests.set('claimed', tests.claim('agent')::text);
create function pg_temp.tables(p_key text) returns text language sql as $$
  select (select string_agg(t ->> 'name', ' ' order by n) from jsonb_array_elements(c #> '{context,tables}') with ordinality l (t, n))
    from jsonb_array_elements(tests.kept('claimed')::jsonb) c where c ->> 'step_key' = p_key $$;

select is(pg_temp.tables('reads'), 'zebras orders', 'an agent with sql receives tables, those of its instructions first');
select is(pg_temp.tables('writes'), 'orders zebras', 'an agent with table_write receives the tables too');
select is(pg_temp.tables('thinks'), null, 'an agent with neither tool receives no tables');
select is(pg_temp.tables('follows'), null, 'a step that follows a procedure receives no tables');
select is((select count(*) from jsonb_array_elements(tests.kept('claimed')::jsonb) c where c -> 'context' ? 'more_tables'), 2::bigint, 'the number of omitted tables is included');

select * from finish();
rollback;

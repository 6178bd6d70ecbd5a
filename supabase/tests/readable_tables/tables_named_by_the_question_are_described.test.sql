-- A planner's context has room for 60 tables; the words of the question select them.
begin;
select plan(8);
select tests.world();

create schema tests_shop;
update goalpost.workspaces set readable_schemas = '{tests_shop}' where id = tests.id_of('acme');
do $$ begin
  for n in 1..500 loop
    execute format('create table tests_shop.a_%s (id integer, note text, c1 text, c2 text, c3 text)', lpad(n::text, 3, '0'));
  end loop;
end $$;
create table tests_shop.zz_orders (id integer, total numeric);
create table tests_shop.zz_people (id integer, invoice_email text);
create table tests_shop.zz_categories (id integer);
grant select on all tables in schema tests_shop to authenticated;
create function pg_temp.named(p_question text) returns text language sql as $$
  select string_agg(t ->> 'name', ',' order by t ->> 'name') filter (where t ->> 'name' like 'zz%')
    from jsonb_array_elements(goalpost_private.readable_tables(tests.id_of('acme'), p_question) -> 'tables') t $$;

select is(pg_temp.named('How many orders do we have?'), 'zz_orders', 'a table that the question names is described');
select is(pg_temp.named('Which invoices are open?'), 'zz_people', 'a table with a column that the question names is described');
select is(pg_temp.named('List each category with its order'), 'zz_categories,zz_orders', 'plurals and singulars are one word');
select is(pg_temp.named('And now (|*[?'), null, 'a question without such words selects no table');
select is(pg_temp.named(null), null, 'a null question selects no table by name');
select is(goalpost_private.readable_tables(tests.id_of('acme'), 'orders') -> 'more_tables', '443', 'the number of omitted tables is stated');
select is(jsonb_array_length(goalpost_private.readable_tables(tests.id_of('acme'), 'orders') -> 'tables'), 60, 'sixty tables are described at most');
-- Measured beside work of a fixed size, so that a busy machine slows both. Where Postgres counts the calls of functions, as
-- for mutants, five times as long was measured.
do $$
declare
  v_began timestamptz;
  v_least interval := '1 hour';
  v_measure interval := '1 hour';
begin
  for n in 1..40 loop
    v_began := clock_timestamp();
    perform goalpost_private.readable_tables(tests.id_of('acme'), 'How many orders do we have?');
    v_least := least(v_least, clock_timestamp() - v_began);
    v_began := clock_timestamp();
    perform sum(length(md5(i::text))) from generate_series(1, 10000) i;
    v_measure := least(v_measure, clock_timestamp() - v_began);
  end loop;
  perform tests.set('least', extract(epoch from v_least)::text);
  perform tests.set('measure', extract(epoch from v_measure)::text);
end
$$;
select ok(tests.kept('least')::numeric < 10 * tests.kept('measure')::numeric,
  format('500 tables are chosen in less than ten times the time of 10,000 hashes, %s s and %s s', tests.kept('least'), tests.kept('measure')));

select * from finish();
rollback;

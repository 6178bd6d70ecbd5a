-- Common values for an agent's model: the results of queries as the asker, for columns whose values repeat.
begin;
select plan(24);
select tests.world();

create schema tests_shop;
grant usage on schema tests_shop to authenticated;
create type tests_shop.size as enum ('s', 'm');
create table tests_shop.orders (
  id bigint primary key, owner uuid, status text, "Odd name" varchar(20), code text unique, listed text check (listed in ('x')),
  size tests_shop.size, note text, long text, many text, number integer);
insert into tests_shop.orders
select n, tests.id_of(case when n <= 60 then 'mia' else 'petra' end), case when n <= 60 then (array['open', 'paid', 'paid'])[1 + n % 3] else 'hidden' end,
       'o''dd', 'c' || n, 'x', 's', 'note ' || n, repeat('l', 41), 'm' || n % 13, n
  from generate_series(1, 90) n;
alter table tests_shop.orders enable row level security;
create policy own on tests_shop.orders for select to authenticated using (owner = (select auth.uid()));
create view tests_shop.seen as select status from tests_shop.orders;
create table tests_shop.shut (status text);
insert into tests_shop.shut select 'shut' from generate_series(1, 9);
grant select on tests_shop.orders, tests_shop.seen to authenticated;
update goalpost.workspaces set readable_schemas = '{tests_shop}' where id = tests.id_of('acme');
select tests.set('run', tests.planned('a, b, c:a, d:b', jsonb_build_object('a', tests.agent(), 'b', tests.agent(), 'c', tests.agent(), 'd', tests.agent())));
select tests.start(tests.get('run'), 'a'), tests.start(tests.get('run'), 'b');
-- Undone, since the call's transaction ends there.
create function pg_temp.read(p_key text default 'a', p_lease_epoch bigint default null) returns jsonb language plpgsql as $$
declare
  v_found jsonb;
begin
  begin
    v_found := goalpost_worker.read_common_values(tests.get('run'), p_key, coalesce(p_lease_epoch, (tests.step(tests.get('run'), p_key)).lease_epoch));
    select v_found || case when exists (select from goalpost_private.value_reads r where r.run_id = tests.get('run') and r.step_key = p_key)
                           then '{}'::jsonb else '{"unmarked": true}' end into v_found;
    raise exception using errcode = 'TT001';
  exception
    when sqlstate 'TT001' then return v_found;
  end;
end
$$;

select is(pg_temp.read() -> 'rows', '{"tests_shop.orders": 60}', 'rows of readable tables are counted as the asker sees them');
select is(pg_temp.read() #> '{values,tests_shop.orders}', '{"status": ["paid", "open"], "Odd name": ["o''dd"]}',
  'values that repeat are listed by frequency, other columns are not');
analyze tests_shop.orders;
select ok(pg_temp.read()::text !~ 'hidden', 'statistics over all rows do not change the values');
select throws_ok($$ select pg_temp.read('a', 0) $$, 'ZG009', null, 'values under another epoch are refused');
update goalpost.workspaces set common_values = false where id = tests.id_of('acme');
select is(pg_temp.read(), '{"unmarked": true}', 'a workspace that does not permit it gets no values');
select is(goalpost_private.describe_claimed(array[tests.step(tests.get('run'), 'a')], now()) #> '{0,context,reads_values}', null, 'steps of that workspace do not request the values');
update goalpost.workspaces set common_values = true where id = tests.id_of('acme');
select is(goalpost_private.describe_claimed(array[tests.step(tests.get('run'), 'a')], now()) #> '{0,context,reads_values}', 'true', 'steps of a permitting workspace request the values');
create policy broken on tests_shop.orders for select to authenticated using (1 / (id - id) = 1);
select is(pg_temp.read(), '{}', 'a query that fails returns no values');
drop policy broken on tests_shop.orders;
update auth.users set banned_until = 'infinity' where id = tests.id_of('mia');
select is(pg_temp.read(), '{"unmarked": true}', 'an asker whose account is banned gets no values');
update auth.users set banned_until = null where id = tests.id_of('mia');
update goalpost_private.limits set claims_lifetime = '0';
select is(pg_temp.read(), '{"unmarked": true}', 'claims past their lifetime give no values');
update goalpost_private.limits set claims_lifetime = '24 hours';
insert into goalpost_private.value_reads (run_id, step_key, read_at) values (tests.get('run'), 'b', now());
select is(pg_temp.read('b') -> 'rows', '{"tests_shop.orders": 60}', 'a step that has read the values reads again');
delete from goalpost_private.value_reads;
update goalpost.workspaces set readable_schemas = '{}' where id = tests.id_of('acme');
select is(pg_temp.read(), '{"unmarked": true}', 'a workspace without tables has no values');
update goalpost.workspaces set readable_schemas = '{tests_shop}' where id = tests.id_of('acme');
select is(goalpost_private.describe_values('[{"t": "a", "c": "", "v": "", "n": 10000}, {"t": "b", "c": "", "v": "", "n": 10001}]') -> 'rows', '{"a": 10000}',
  'a table with more than ten thousand rows has no count');
select is(goalpost_private.describe_values('[{"t": "a", "c": "x", "v": "1", "n": 3}, {"t": "a", "c": "x", "v": "2", "n": 3}, {"t": "a", "c": "y", "v": "1", "n": 3}, {"t": "a", "c": "y", "v": "2", "n": 2}]') -> 'values',
  '{"a": {"x": ["1", "2"]}}', 'values with fewer than three rows are left out');
select is((select jsonb_array_length(goalpost_private.describe_values(jsonb_agg(jsonb_build_object('t', 'a', 'c', 'x', 'v', n, 'n', 3))) #> '{values,a,x}')
             from generate_series(1, k) n), r, l)
  from (values (12, 12, 'twelve values are listed'), (13, null, 'thirteen values are not listed')) v (k, r, l);
select is(goalpost_private.describe_values(jsonb_build_array(jsonb_build_object('t', 'a', 'c', 'x', 'v', repeat('l', k), 'n', 3))) -> 'values' <> '{}', r, l)
  from (values (40, true, 'a value of forty characters is listed'), (41, false, 'a value of 41 characters is not listed')) v (k, r, l);
select is(pg_temp.read() ? 'unmarked', false, 'a step is marked before it reads');
select is(goalpost_private.is_tainted(tests.get('run'), 'a'), false, 'a step that was sent no values is not tainted');
-- The last read stays; the checks after it only read.
select goalpost_worker.read_common_values(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is((select count(*) from pg_catalog.pg_locks l
            where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.objsubid = 2
              and l.classid::bigint & 4294967295 in (hashtext('goalpost.query')::bigint & 4294967295,
                                hashtext('goalpost.query.' || tests.id_of('acme'))::bigint & 4294967295)), 2::bigint, 'a read of common values acquires the slots of a query');
select is(goalpost_private.is_tainted(tests.get('run'), k), t, l)
  from (values ('a', true, 'a step that was sent values is tainted'), ('c', true, 'a step that depends on it is tainted too'), ('d', false, 'a step that does not depend on it is not tainted')) v (k, t, l);

select * from finish();
rollback;

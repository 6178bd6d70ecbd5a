-- "Today" and "last month" are those of the workspace's time zone, in reads and in writes.
begin;
select plan(4);
select tests.world();

create table public.tests_days (id integer primary key, at timestamptz not null);
grant select, insert on public.tests_days to authenticated;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'tests_days');
select tests.set('run', tests.planned('a, w', '{"w": {"input": {"tool": "table_write", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'w');
create function pg_temp.day() returns text language sql as $$
  select tests.query(tests.get('run'), 'a', 'select date_trunc(''month'', timestamptz ''2026-01-31 23:30:00+00'')::date as month') #>> '{rows,0,month}' $$;
select is(pg_temp.day(), '2026-01-01', 'a workspace without a time zone uses UTC');
update goalpost.workspaces set time_zone = 'Europe/Vienna' where id = tests.id_of('acme');
select is(pg_temp.day(), '2026-02-01', 'dates of a query are in the time zone of the workspace');
select is(goalpost_worker.write_table(tests.get('run'), 'w', 1, 1, 'public.tests_days', '[{"id": 1, "at": "2026-02-01 00:00"}]', 'insert') ->> 'row_count', '1', 'a time without a zone is written');
select is((select at from public.tests_days), '2026-01-31 23:00:00+00'::timestamptz, 'a written time without a zone is in the workspace''s time zone');

select * from finish();
rollback;

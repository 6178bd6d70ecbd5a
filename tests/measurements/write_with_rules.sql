-- Measures what rules cost a write of the user's own: an update of one row of ten columns, in a loop of one session, without
-- a rule, with one that it does not meet, with ten of those, with one that it meets, and with a document of 100 kB in the row.
-- Run it with psql, as postgres, on a seeded database that nothing else uses:
--   psql "$DATABASE_URL" -X -q -f tests/measurements/write_with_rules.sql
\set ON_ERROR_STOP 1
begin;
create table public.measured (id integer primary key, status text, amount numeric, a text, b text, c text, d timestamptz default now(), e integer, f boolean, document text);
insert into public.measured select n, 'open', n, md5(n::text), md5(n::text), md5(n::text), now(), n, true from generate_series(1, 900) n;
create temp table place as
select m.workspace_id, m.user_id from goalpost.members m join goalpost.project_admins a on a.user_id = m.user_id order by m.workspace_id limit 1;
update goalpost.workspaces set readable_schemas = readable_schemas || array['public'] where id = (select workspace_id from place);
select set_config('request.jwt.claims', jsonb_build_object('sub', user_id, 'role', 'authenticated')::text, true) from place \g /dev/null
create temp table took (what text, number integer generated always as identity, microseconds numeric);
create function pg_temp.rule(p_name text, p_value text) returns void language sql as $$
  select goalpost.set_request_rule(workspace_id, jsonb_build_object('name', p_name, 'table', 'measured', 'events', '["update"]'::jsonb,
    'question', 'Row {{ new.id }} is {{ new.status }}', 'context_columns', '["amount"]'::jsonb,
    'conditions', jsonb_build_array(jsonb_build_object('column', 'status', 'operator', '=', 'value', p_value)))) from place $$;
create function pg_temp.measure(p_what text) returns void language plpgsql as $$
declare
  v_start timestamptz;
begin
  for v_turn in 1 .. 5 loop
    perform set_config('goalpost.row_changes', '', true);
    v_start := clock_timestamp();
    for n in 1 .. 900 loop
      update public.measured set e = e + 1 where id = n;
    end loop;
    insert into took (what, microseconds) values (p_what, extract(epoch from clock_timestamp() - v_start) * 1e6 / 900);
  end loop;
end $$;
select pg_temp.measure('no rule') \g /dev/null
select pg_temp.rule('first', 'closed') \g /dev/null
select pg_temp.measure('a rule whose condition is not met') \g /dev/null
select pg_temp.rule('n' || n, 'closed') from generate_series(2, 10) n \g /dev/null
select pg_temp.measure('ten rules whose conditions are not met') \g /dev/null
delete from goalpost.request_rules where name <> 'first';
select pg_temp.rule('first', 'open') \g /dev/null
select pg_temp.measure('a rule whose condition is met') \g /dev/null
select pg_temp.rule('first', 'closed') \g /dev/null
update public.measured set document = (select string_agg(md5(g::text || id), '') from generate_series(1, 3200) g);
select pg_temp.measure('a document of 100 kB in the row, condition not met') \g /dev/null
select what, round(percentile_cont(0.5) within group (order by microseconds)::numeric, 1) as median_microseconds
  from took group by what order by min(number);
rollback;

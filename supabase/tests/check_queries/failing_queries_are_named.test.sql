-- A plan's queries are checked as the asker before it is accepted, and none of them runs.
begin;
select plan(18);
select tests.world();

create table public.tests_lamps (lamp_id bigint primary key, colour text, power numeric);
grant select on public.tests_lamps to authenticated;
create table public.tests_secrets (secret text);
revoke all on public.tests_secrets from authenticated;

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.problem(p_query text) returns text language sql as $$
  select goalpost_worker.check_queries(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, array[p_query]) #>> '{0,message}' $$;
select is(pg_temp.problem('select lamp_id, colour from public.tests_lamps where power > 3'), null, 'a query that can run has no problem');
select is((select array_agg(l.objid::integer order by l.objid) from pg_catalog.pg_locks l
            where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.objsubid = 2
              and l.classid::bigint & 4294967295 in (hashtext('goalpost.query')::bigint & 4294967295,
                                hashtext('goalpost.query.' || tests.id_of('acme'))::bigint & 4294967295)),
  array[1, 1], 'a check of queries acquires the slots of a query');
select matches((select p.proconfig::text from pg_catalog.pg_proc p where p.oid = 'goalpost_worker.check_queries(bigint, text, bigint, text[])'::regprocedure),
  'statement_timeout=6s.*work_mem=8MB', 'a check of queries has its limits of time and memory');
select matches(pg_temp.problem('select lamp_idd from public.tests_lamps'), 'column "lamp_idd" does not exist. Perhaps you meant .*lamp_id', 'an unknown column is reported with Postgres''s hint');
select matches(pg_temp.problem('select 1 from public.lamps'), 'relation "public.lamps" does not exist; readable are .*public.tests_lamps', 'an unknown table is reported with the readable tables');
select matches(pg_temp.problem('select colour + 1 from public.tests_lamps'), 'operator does not exist', 'a query with wrong operand types is reported');
select matches(pg_temp.problem('select * from public.tests_secrets'), 'permission denied', 'a query is checked with the rights of the asker');
select matches(pg_temp.problem('delete from public.tests_lamps'), 'one SELECT and changes nothing', 'a query that writes is refused with a plain message');
select matches(pg_temp.problem('select pg_sleep(1)'), 'may not be called', 'functions that are not on the list are refused');
select is(pg_temp.problem('select 1 / (count(*) - count(*)) from public.tests_lamps'), null, 'an error at run time is not found, since nothing runs');
select is(goalpost_worker.check_queries(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, array['select 1', 'selec 2', 'select x']),
  jsonb_build_array(jsonb_build_object('number', 2, 'message', goalpost_private.query_form_problem('selec')),
                    jsonb_build_object('number', 3, 'message', 'column "x" does not exist')), 'each problem names the place of its query');

select is(pg_temp.problem('select ''' || repeat('x', 39991) || ''''), null, 'a query may have 40000 bytes');
select matches(pg_temp.problem('select ''' || repeat('x', 39992) || ''''), 'at most 40000 bytes', 'a query of more than 40000 bytes is refused');
select is(pg_temp.problem('select 1 from public.lamps') ~ 'tests_secrets', false, 'tables that the asker may not read are not named');
create sequence public.tests_numbers;
grant select on public.tests_numbers to authenticated;
select is(pg_temp.problem('select 1 from public.lamps') ~ 'tests_numbers', false, 'a sequence is not named as a readable table');
create schema tests_elsewhere;
create table tests_elsewhere.tests_foreign (id integer);
grant usage on schema tests_elsewhere to authenticated;
grant select on tests_elsewhere.tests_foreign to authenticated;
update goalpost.workspaces set readable_schemas = '{tests_elsewhere}' where id <> tests.id_of('acme');
select is(pg_temp.problem('select 1 from public.lamps') ~ 'tests_foreign', false, 'tables of another workspace are not named as readable');
select tests.advance_clock('25 hours');
update goalpost.steps set lease_expires_at = goalpost_private.clock() + interval '1 hour' where run_id = tests.get('run') and key = 'a';
select is(pg_temp.problem('select nothing'), null, 'claims past their lifetime give no problem');
delete from goalpost.members where user_id = tests.id_of('mia') and workspace_id = tests.id_of('acme');
select is(pg_temp.problem('select nothing'), null, 'a removed member''s queries give no problem; the step refuses them');

select * from finish();
rollback;

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
  array[1, 1], 'a check holds the slots of a query');
select matches((select p.proconfig::text from pg_catalog.pg_proc p where p.oid = 'goalpost_worker.check_queries(bigint, text, bigint, text[])'::regprocedure),
  'statement_timeout=6s.*work_mem=8MB', 'and has its limits of time and memory');
select matches(pg_temp.problem('select lamp_idd from public.tests_lamps'), 'column "lamp_idd" does not exist. Perhaps you meant .*lamp_id', 'an unknown column comes with Postgres''s hint');
select matches(pg_temp.problem('select 1 from public.lamps'), 'relation "public.lamps" does not exist; readable are .*public.tests_lamps', 'an unknown table comes with those that there are');
select matches(pg_temp.problem('select colour + 1 from public.tests_lamps'), 'operator does not exist', 'types are checked');
select matches(pg_temp.problem('select * from public.tests_secrets'), 'permission denied', 'rights are the asker''s');
select matches(pg_temp.problem('delete from public.tests_lamps'), 'one SELECT and changes nothing', 'what writes is refused in plain words');
select matches(pg_temp.problem('select pg_sleep(1)'), 'may not be called', 'functions off the list are refused');
select is(pg_temp.problem('select 1 / (count(*) - count(*)) from public.tests_lamps'), null, 'what fails only when it runs is not found, since nothing runs');
select is(goalpost_worker.check_queries(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, array['select 1', 'selec 2', 'select x']),
  jsonb_build_array(jsonb_build_object('number', 2, 'message', goalpost_private.query_form_problem('selec')),
                    jsonb_build_object('number', 3, 'message', 'column "x" does not exist')), 'each problem names the place of its query');

select is(pg_temp.problem('select ''' || repeat('x', 39991) || ''''), null, 'a query may have 40000 bytes');
select matches(pg_temp.problem('select ''' || repeat('x', 39992) || ''''), 'at most 40000 bytes', 'and no more');
select is(pg_temp.problem('select 1 from public.lamps') ~ 'tests_secrets', false, 'tables that the asker may not read are not named');
create sequence public.tests_numbers;
grant select on public.tests_numbers to authenticated;
select is(pg_temp.problem('select 1 from public.lamps') ~ 'tests_numbers', false, 'nor is what is no table');
create schema tests_elsewhere;
create table tests_elsewhere.tests_foreign (id integer);
grant usage on schema tests_elsewhere to authenticated;
grant select on tests_elsewhere.tests_foreign to authenticated;
update goalpost.workspaces set readable_schemas = '{tests_elsewhere}' where id <> tests.id_of('acme');
select is(pg_temp.problem('select 1 from public.lamps') ~ 'tests_foreign', false, 'nor the tables of another workspace');
select tests.advance_clock('25 hours');
update goalpost.steps set lease_expires_at = goalpost_private.clock() + interval '1 hour' where run_id = tests.get('run') and key = 'a';
select is(pg_temp.problem('select nothing'), null, 'with claims past their lifetime nothing is found');
delete from goalpost.members where user_id = tests.id_of('mia') and workspace_id = tests.id_of('acme');
select is(pg_temp.problem('select nothing'), null, 'for a person who may not act any more nothing is found, and the step will tell');

select * from finish();
rollback;

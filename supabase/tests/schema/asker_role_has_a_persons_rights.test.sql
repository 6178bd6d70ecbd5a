-- The role that analyses a person's SQL has their rights and owns the analysing functions; the running functions belong
-- to `authenticated`, which cannot call them, and which cannot change the role they run as.
begin;
select plan(9);

select ok(not r.rolcanlogin and not r.rolsuper and not r.rolbypassrls and not r.rolcreaterole and not r.rolcreatedb, 'the asker role has no attributes of its own')
  from pg_catalog.pg_roles r where r.rolname = 'goalpost_asker';
select set_eq(
  $$ select r.rolname::text from pg_catalog.pg_roles r where r.rolname <> 'goalpost_asker' and pg_has_role('goalpost_asker', r.oid, 'member') $$,
  array['authenticated'], 'the asker role is a member of authenticated only');
select set_eq(
  $$ select p.oid::regproc::text from pg_catalog.pg_proc p where p.proowner = 'goalpost_asker'::regrole $$,
  array['goalpost_private.analyse_query', 'goalpost_private.open_temporary_schema'], 'the asker role owns exactly the analysing functions');
select set_eq(
  $$ select p.oid::regproc::text from pg_catalog.pg_proc p where p.proowner = 'authenticated'::regrole $$,
  array['goalpost_private.run_query_as_asker', 'goalpost_private.write_rows_as_asker'], 'authenticated owns exactly the running functions');
select ok(not has_schema_privilege('authenticated', 'goalpost_private', 'create'), 'authenticated may create nothing in the private schema');
select is_empty($$ select from pg_catalog.pg_class c where c.relowner = 'goalpost_asker'::regrole $$, 'the asker role owns no table');
select ok(not has_schema_privilege('goalpost_asker', 'goalpost_private', 'create'), 'the asker role may create nothing in the private schema');
select is_empty(
  $$ select r.rolname from pg_catalog.pg_roles r
      where r.rolname in ('anon', 'authenticated', 'service_role', 'goalpost_worker', 'authenticator')
        and (has_function_privilege(r.oid, 'goalpost_private.run_query_as_asker(jsonb, text, integer, integer)', 'execute')
             or has_function_privilege(r.oid, 'goalpost_private.write_rows_as_asker(jsonb, text, text, text[], jsonb, text[])', 'execute')) $$, 'no API role may call the running functions');

alter function goalpost_private.run_query_as_asker(jsonb, text, integer, integer) security invoker;
select throws_ok(
  $$ select goalpost_private.run_query_as_asker('{}', 'select to_json(q) as row from (select 1) q', 1, 1000) $$,
  'ZG002', 'this function runs as authenticated only', 'a running function altered to run as its caller refuses');

select * from finish();
rollback;

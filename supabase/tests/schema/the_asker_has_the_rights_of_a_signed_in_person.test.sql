-- The role that a person's SQL runs under owns the two functions that do so, and can nothing more.
begin;
select plan(6);

select ok(not r.rolcanlogin and not r.rolsuper and not r.rolbypassrls and not r.rolcreaterole and not r.rolcreatedb, 'it has no power of its own')
  from pg_catalog.pg_roles r where r.rolname = 'goalpost_asker';
select set_eq(
  $$ select r.rolname::text from pg_catalog.pg_roles r where r.rolname <> 'goalpost_asker' and pg_has_role('goalpost_asker', r.oid, 'member') $$,
  array['authenticated'], 'it is `authenticated` and nobody else');
select set_eq(
  $$ select p.oid::regproc::text from pg_catalog.pg_proc p where p.proowner = 'goalpost_asker'::regrole $$,
  array['goalpost_private.run_query_as_asker', 'goalpost_private.write_rows_as_asker'], 'two functions are its own');
select is_empty($$ select from pg_catalog.pg_class c where c.relowner = 'goalpost_asker'::regrole $$, 'no table is');
select ok(not has_schema_privilege('goalpost_asker', 'goalpost_private', 'create'), 'it can make nothing in our schemas');
select is_empty(
  $$ select r.rolname from pg_catalog.pg_roles r
      where r.rolname in ('anon', 'authenticated', 'service_role', 'goalpost_worker', 'authenticator')
        and (has_function_privilege(r.oid, 'goalpost_private.run_query_as_asker(uuid, text[], text, integer, integer)', 'execute')
             or has_function_privilege(r.oid, 'goalpost_private.write_rows_as_asker(uuid, text, text, text[], jsonb, text[])', 'execute')) $$, 'and nobody of the API may call its functions');

select * from finish();
rollback;

-- Rights are revoked first and granted in one place: no function, table or schema of goalpost is open to PUBLIC or anon.
begin;
select plan(4);

select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and a.grantee = 0 $$, 'PUBLIC may execute no function of goalpost');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and has_function_privilege('anon', p.oid, 'execute') $$, 'anon may execute no function of goalpost');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p', 'v', 'm')
        and (has_any_column_privilege('anon', c.oid, 'select, insert, update, references')
             or has_table_privilege('anon', c.oid, 'delete, truncate, trigger')) $$, 'anon has no right on any table');
select is_empty(
  $$ select n from unnest(array['goalpost', 'goalpost_worker', 'goalpost_private']) n where has_schema_privilege('anon', n, 'usage, create') $$, 'anon has no right on any schema');

select * from finish();
rollback;

-- Over the catalog, so that a table added later is tested as well.
begin;
select plan(4);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p') and not c.relrowsecurity $$,
  'row-level security is on for every table');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p')
        and not exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid) $$,
  'every table has at least one policy');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'goalpost' and c.relkind = 'v' and coalesce(not c.reloptions @> array['security_invoker=true'], true) $$,
  'every view runs with the rights of its caller');
select is_empty(
  $$ select p.polname from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and p.polcmd <> 'r' and p.polname not in ('members_ask', 'members_rate') $$,
  'one policy alone allows people to write');

select * from finish();
rollback;

-- Rules about rows are constraints with names.
begin;
select plan(3);

select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p')
        and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary) $$, 'every table has a primary key');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'state' and not a.attisdropped
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p')
        and not exists (select from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'c' and k.conname = 'state_is_known' and k.conkey = array[a.attnum]) $$, 'every state column has a check named state_is_known');
select is_empty(
  $$ select c.oid::regclass || '.' || a.attname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped
      where n.nspname in ('goalpost', 'goalpost_private') and c.relkind in ('r', 'p', 'v') and a.attname = 'status' $$, 'no column is called status');

select * from finish();
rollback;

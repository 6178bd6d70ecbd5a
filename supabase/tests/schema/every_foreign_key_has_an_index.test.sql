-- Its columns lead the index (in any order); a partial index is enough where it omits only nulls.
begin;
select plan(1);

select is_empty(
  $$ select f.conrelid::regclass || ': ' || f.conname from pg_catalog.pg_constraint f
      join pg_catalog.pg_namespace n on n.oid = f.connamespace
     where f.contype = 'f' and n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
       and not exists (
         select from pg_catalog.pg_index i
          where i.indrelid = f.conrelid and i.indisvalid
            and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) in (
              select format('(%I IS NOT NULL)', a.attname) from pg_catalog.pg_attribute a where a.attrelid = f.conrelid and a.attnum = any (f.conkey)))
            and (select array_agg(k order by k) from unnest((i.indkey::int2[])[0:cardinality(f.conkey) - 1]) k)
              = (select array_agg(k order by k) from unnest(f.conkey) k)) $$, 'every foreign key has an index that its columns lead');

select * from finish();
rollback;

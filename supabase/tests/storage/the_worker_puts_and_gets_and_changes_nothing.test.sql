-- What a row refers to by its hash stays as it was written: the functions may neither change nor delete an object, and
-- other buckets are none of their business.
begin;
select plan(13);

insert into storage.buckets (id, name) values ('others', 'others');
insert into storage.objects (bucket_id, name, version) values ('goalpost', 'w/1/a/0.json', '1'), ('others', 'w/1/a/0.json', '1');
select set_config('storage.allow_delete_query', 'true', true);

-- What comes of a statement of the functions: the number of rows, or the SQLSTATE.
create function pg_temp.came(p_sql text) returns text
language plpgsql
as $$
declare
  v_count bigint;
begin
  perform set_config('role', 'goalpost_worker', true);
  execute p_sql;
  get diagnostics v_count = row_count;
  perform set_config('role', 'none', true);
  return v_count::text;
exception
  when others then
    return sqlstate;
end
$$;

select is(pg_temp.came($$ insert into storage.objects (bucket_id, name, version) values ('goalpost', 'w/1/a/1.json', '1') $$), '1', 'they put');
select is(pg_temp.came($$ insert into storage.objects (bucket_id, name, version) values ('others', 'w/1/a/1.json', '1') $$), '42501', 'into their bucket alone');
select is(pg_temp.came($$ select from storage.objects where bucket_id = 'goalpost' $$), '2', 'they get');
select is(pg_temp.came($$ select from storage.objects where bucket_id = 'others' $$), '0', 'from their bucket alone');
select is(pg_temp.came($$ update storage.objects set version = '2' $$), '42501', 'they change nothing');
select is(pg_temp.came($$ delete from storage.objects $$), '42501', 'and delete nothing');
select is(pg_temp.came($$ truncate storage.objects $$), '42501', 'not even all at once');
select is(pg_temp.came($$ select from storage.buckets $$), '42501', 'buckets are not theirs to read');
select is(pg_temp.came($$ update storage.buckets set public = true $$), '42501', 'or to open');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
      where c.relnamespace = 'storage'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and (has_any_column_privilege('goalpost_worker', c.oid, 'update, references')
             or has_table_privilege('goalpost_worker', c.oid, 'delete, truncate, trigger')
             or (has_any_column_privilege('goalpost_worker', c.oid, 'select, insert') and c.relname <> 'objects')) $$,
  'they have no right beyond these two');

-- With every right, the policies stand alone.
grant all on storage.objects to goalpost_worker;
select is(pg_temp.came($$ update storage.objects set version = '2' $$), '0', 'granted, they still change nothing');
select is(pg_temp.came($$ delete from storage.objects $$), '0', 'and delete nothing');
select is((select count(*) from storage.objects where version = '1'), 3::bigint, 'all is as it was put');

select * from finish();
rollback;

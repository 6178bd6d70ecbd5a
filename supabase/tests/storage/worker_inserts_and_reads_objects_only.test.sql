-- An object that a row refers to by its hash stays as it was written: the worker may not update objects, deletes only
-- those of deleted work, and has no right on other buckets.
begin;
select plan(13);

insert into storage.buckets (id, name) values ('others', 'others');
insert into storage.objects (bucket_id, name, version) values ('goalpost', 'w/1/a/0.json', '1'), ('others', 'w/1/a/0.json', '1');
select set_config('storage.allow_delete_query', 'true', true);

-- The result of a statement as the worker: the number of rows, or the SQLSTATE.
create function pg_temp.outcome_of(p_sql text) returns text
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

select is(pg_temp.outcome_of($$ insert into storage.objects (bucket_id, name, version) values ('goalpost', 'w/1/a/1.json', '1') $$), '1', 'the worker may insert an object into its bucket');
select is(pg_temp.outcome_of($$ insert into storage.objects (bucket_id, name, version) values ('others', 'w/1/a/1.json', '1') $$), '42501', 'the worker may not insert into another bucket');
select is(pg_temp.outcome_of($$ select from storage.objects where bucket_id = 'goalpost' $$), '2', 'the worker reads the objects of its bucket');
select is(pg_temp.outcome_of($$ select from storage.objects where bucket_id = 'others' $$), '0', 'the worker reads no object of another bucket');
select is(pg_temp.outcome_of($$ update storage.objects set version = '2' $$), '42501', 'the worker may not update objects');
select is(pg_temp.outcome_of($$ delete from storage.objects $$), '0', 'the worker deletes no object that is not listed');
select is(pg_temp.outcome_of($$ truncate storage.objects $$), '42501', 'the worker may not truncate objects');
select is(pg_temp.outcome_of($$ select from storage.buckets $$), '42501', 'the worker may not read buckets');
select is(pg_temp.outcome_of($$ update storage.buckets set public = true $$), '42501', 'the worker may not make a bucket public');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c
      where c.relnamespace = 'storage'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and (has_any_column_privilege('goalpost_worker', c.oid, 'update, references')
             or has_table_privilege('goalpost_worker', c.oid, 'truncate, trigger')
             or has_table_privilege('goalpost_worker', c.oid, 'delete') and c.relname <> 'objects'
             or (has_any_column_privilege('goalpost_worker', c.oid, 'select, insert') and c.relname <> 'objects')) $$,
  'the worker has no right beyond select, insert and delete on objects');

-- With every right granted, the policies alone decide.
grant all on storage.objects to goalpost_worker;
select is(pg_temp.outcome_of($$ update storage.objects set version = '2' $$), '0', 'with all rights granted the worker updates no object');
select is(pg_temp.outcome_of($$ delete from storage.objects $$), '0', 'with all rights granted the worker deletes no object');
select is((select count(*) from storage.objects where version = '1'), 3::bigint, 'the objects are as they were inserted');

select * from finish();
rollback;

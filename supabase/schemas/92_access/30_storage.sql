-- Storage of payloads that are too large for a row: the private bucket `goalpost` of Supabase Storage. An object's name
-- begins with its workspace's id: <workspace>/<run>/<step>/<sha256>.json, and is written once (shared/store, objects).
--
-- storage.objects belongs to supabase_storage_admin. A hosted project lets `postgres` create policies on it (supautils)
-- and has granted it the schema and the table with the grant option, so that the role of a token in Storage may be a
-- role of our own. Nothing else of the schema is changed, so the grants are here and not with the others. Without
-- Storage (a plain Postgres) this is skipped, and a payload too large for a row is refused.

do $$
begin
  if to_regclass('storage.objects') is null or to_regclass('storage.buckets') is null then
    raise notice 'there is no Supabase Storage in this database: large payloads cannot be kept';
    return;
  end if;

  -- A bucket that existed before is made private too.
  update storage.buckets set public = false, file_size_limit = 10485760 where id = 'goalpost';
  insert into storage.buckets (id, name, public, file_size_limit)
  select 'goalpost', 'goalpost', false, 10485760
   where not exists (select from storage.buckets b where b.id = 'goalpost');

  -- The workers: put and get; delete only what retention has listed. No right to update, so an object that a row refers
  -- to never changes.
  begin
    grant usage on schema storage to goalpost_worker;
    grant select, insert, delete on storage.objects to goalpost_worker;
  exception
    when insufficient_privilege then
      null; -- The error is reported below, as in the case in which Postgres only warns.
  end;
  if not (has_schema_privilege('goalpost_worker', 'storage', 'usage')
          and has_table_privilege('goalpost_worker', 'storage.objects', 'select')
          and has_table_privilege('goalpost_worker', 'storage.objects', 'insert')
          and has_table_privilege('goalpost_worker', 'storage.objects', 'delete')) then
    raise warning 'goalpost_worker got no rights on storage.objects, so large payloads cannot be kept: '
      'upgrade the project''s Postgres (Settings, Infrastructure), then run the two grants of this migration again';
  end if;

  drop policy if exists goalpost_worker_puts on storage.objects;
  create policy goalpost_worker_puts on storage.objects for insert to goalpost_worker
    with check (bucket_id = 'goalpost');
  drop policy if exists goalpost_worker_gets on storage.objects;
  create policy goalpost_worker_gets on storage.objects for select to goalpost_worker
    using (bucket_id = 'goalpost');

  drop policy if exists goalpost_worker_deletes on storage.objects;
  create policy goalpost_worker_deletes on storage.objects for delete to goalpost_worker
    using (bucket_id = 'goalpost' and goalpost_private.is_object_to_delete(name));

  -- People: members of the workspace in the object's name read what they may read of the step's journal; they may not
  -- write.
  drop policy if exists goalpost_members_read on storage.objects;
  create policy goalpost_members_read on storage.objects for select to authenticated
    using (bucket_id = 'goalpost'
           and (storage.foldername(name))[1] in (select w::text from goalpost_private.my_workspaces() w)
           and case when (storage.foldername(name))[2] ~ '^[0-9]{1,18}$'
                    then goalpost_private.may_read_journal((storage.foldername(name))[2]::bigint, (storage.foldername(name))[3])
                    else true end);
end
$$;

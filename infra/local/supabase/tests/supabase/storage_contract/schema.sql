-- What the contract of Storage is tried on. Apply it to a project before running the contract against it:
--   psql "$DATABASE_URL" -f infra/local/supabase/tests/supabase/storage_contract/schema.sql

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('contract', 'contract', false, 1000, '{text/plain,application/*}'),
       ('contract_public', 'contract_public', true, null, null)
on conflict do nothing;

drop policy if exists contract_own_folder_put on storage.objects;
create policy contract_own_folder_put on storage.objects for insert to authenticated
  with check (bucket_id = 'contract' and (storage.foldername(name))[1] = (select auth.uid())::text);
drop policy if exists contract_own_folder_get on storage.objects;
create policy contract_own_folder_get on storage.objects for select to authenticated
  using (bucket_id = 'contract' and (storage.foldername(name))[1] = (select auth.uid())::text);

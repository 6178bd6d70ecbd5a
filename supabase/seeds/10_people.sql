-- Demonstration people, their workspaces, and the project's first admin.
--
-- The files of this folder run in the order of their names. They are the demonstration for `cargo goalpost` and for
-- tests. The system itself needs none of them: its own data ships as migrations, because a hosted `supabase db push` does
-- not run the seed.

insert into auth.users (id, email, email_confirmed_at) values
  ('00000000-0000-4000-8000-000000000001', 'owner@goalpost.test', now()),
  ('00000000-0000-4000-8000-000000000002', 'approver@goalpost.test', now()),
  ('00000000-0000-4000-8000-000000000003', 'stranger@goalpost.test', now())
on conflict (id) do nothing;

insert into goalpost.workspaces (id, name, readable_schemas) values
  ('00000000-0000-4000-8000-0000000000a1', 'Demo', '{shop}'),
  ('00000000-0000-4000-8000-0000000000a2', 'Elsewhere', '{}')
on conflict (id) do nothing;

insert into goalpost.members (workspace_id, user_id, role) values
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-000000000001', 'owner'),
  ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-000000000002', 'approver'),
  ('00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-000000000003', 'owner')
on conflict (workspace_id, user_id) do nothing;

insert into goalpost.project_admins (user_id) values
  ('00000000-0000-4000-8000-000000000001')
on conflict (user_id) do nothing;

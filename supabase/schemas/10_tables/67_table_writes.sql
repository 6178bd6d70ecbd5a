-- The tables that a workspace's tools may write, and the operations. An empty list permits no table.
-- Project admins add them, since they belong to the project; the workspace's admins may remove them (set_tool_access).
create table goalpost.writable_tables (
  workspace_id uuid not null references goalpost.workspaces (id) on delete cascade,
  schema_name text not null,
  table_name text not null,
  operations text[] not null default '{insert}',
  created_at timestamptz not null default now(),
  primary key (workspace_id, schema_name, table_name),
  constraint operations_are_known check (operations <@ array['insert', 'update'] and 'insert' = any (operations)),
  constraint ours_are_never_listed check (
    schema_name !~ '^(pg_|goalpost|information_schema$|auth$|vault$|storage$|cron$|net$|pgmq|realtime$|extensions$|supabase_|graphql)')
);
comment on table goalpost.writable_tables is
  'Tables that the tools of a workspace may write, with the permitted operations. Project admins add them.';

-- The results of table writes by call. A result commits together with its rows, so that a repeated call finds it.
create table goalpost_private.table_writes (
  run_id bigint not null,
  step_key text not null,
  call_number integer not null,
  -- sha256 of the request, in hex: another request under the same number is another call and is refused.
  request_hash text not null,
  result jsonb,
  written_at timestamptz not null,
  primary key (run_id, step_key, call_number),
  foreign key (run_id, step_key) references goalpost.steps (run_id, key) on delete cascade
);

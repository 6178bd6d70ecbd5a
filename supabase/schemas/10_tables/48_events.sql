-- The append-only history of a tree. It is dense from 1, because rows are written under the tree's lock. Like
-- step_attempts, it has no foreign keys.
create table goalpost.events (
  root_run_id bigint not null,
  sequence integer not null,
  workspace_id uuid not null,
  run_id bigint not null,
  goal_id bigint,
  step_key text,
  type text not null,
  data jsonb,
  created_at timestamptz not null,
  primary key (root_run_id, sequence)
);
comment on table goalpost.events is 'The history of each request tree: append-only, numbered from 1 without gaps.';

-- History, append-only: dense from 1 within a tree, because it is written under the tree's lock. Like attempts, it
-- refers to nothing by a key.
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

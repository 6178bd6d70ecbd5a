create table goalpost.plan_revisions (
  run_id bigint not null,
  revision integer not null,
  workspace_id uuid not null,
  plan jsonb not null,
  runbook_id bigint references goalpost.runbooks (id) on delete set null,
  reasons jsonb not null default '[]',
  -- The estimated cost before the plan began (estimate_plan).
  estimate jsonb,
  created_at timestamptz not null default now(),
  primary key (run_id, revision),
  foreign key (workspace_id, run_id) references goalpost.workflow_runs (workspace_id, id) on delete cascade
);
comment on table goalpost.plan_revisions is 'Every plan that was accepted for a run, in order. Append-only.';
create index plan_revisions_run on goalpost.plan_revisions (workspace_id, run_id);
create index plan_revisions_runbook on goalpost.plan_revisions (runbook_id);

-- Runs are created after runbooks.
alter table goalpost.runbook_matches
  add foreign key (workspace_id, run_id) references goalpost.workflow_runs (workspace_id, id) on delete cascade;

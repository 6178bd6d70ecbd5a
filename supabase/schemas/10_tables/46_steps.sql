-- A node of a run.
--   pending -> ready (all dependencies ended) | running (and claimed in the same call) | waiting (approval, subgoal)
--              | skipped | cancelled
--   ready   -> running (claimed) | cancelled
--   running -> completed | failed | ready (retry, release, lease lost) | waiting | cancelled
--   waiting -> ready (continued) | completed | failed (decided, sub-goal ended) | cancelled
--   failed  -> ready | waiting, cancelled -> pending: only when a person retries a dead letter
-- lease_epoch is the fencing token: every claim increments it, and so does every end that the worker did not report.
-- attempt counts from 1 and increments only on failure or an expired lease.
-- Columns that change come last, in the order in which they change: Postgres logs an update from its first changed byte
-- on.
create table goalpost.steps (
  run_id bigint not null,
  key text not null,
  workspace_id uuid not null,
  kind text not null,
  title text not null,
  revision integer not null default 0,
  max_attempts integer not null default 3,
  timeout_seconds integer not null default 300,
  priority integer not null default 0,
  agent_id bigint references goalpost.agents (id) deferrable initially deferred,
  input jsonb not null default '{}',
  condition jsonb,
  on_failure text not null default 'fail',
  -- True if the run ends with this step, even while others are open. Steps of kind assess, plan and judge end runs by
  -- their results instead.
  ends_run boolean not null default false,
  -- Keys of the same run in both directions, written once with the plan: when a step ends, its dependents are found by
  -- key.
  depends_on text[] not null default '{}',
  dependents text[] not null default '{}',
  attempt integer not null default 1,
  lease_epoch bigint not null default 0,
  leased_by text,
  started_at timestamptz,
  run_after timestamptz,
  remaining_dependencies integer not null default 0,
  state text not null default 'pending',
  lease_expires_at timestamptz,
  ended_at timestamptz,
  result jsonb,
  error jsonb,
  primary key (run_id, key),
  constraint kind_is_known check (kind in ('assess', 'plan', 'agent', 'tool', 'approval', 'subgoal', 'judge', 'analyze')),
  constraint state_is_known check (
    state in ('pending', 'ready', 'running', 'waiting', 'completed', 'failed', 'skipped', 'cancelled')),
  constraint lease_only_while_running check ((lease_expires_at is not null) = (state = 'running')),
  constraint ended_at_only_when_ended check (
    (ended_at is not null) = (state in ('completed', 'failed', 'skipped', 'cancelled'))),
  constraint result_only_when_completed check (result is null or state = 'completed'),
  constraint remaining_dependencies_is_not_negative check (remaining_dependencies >= 0),
  constraint no_step_waits_for_itself check (key <> all (depends_on)),
  constraint attempts_are_bounded check (attempt >= 1 and max_attempts between 1 and 1000),
  constraint timeout_is_bounded check (timeout_seconds between 1 and 86400),
  constraint on_failure_is_known check (on_failure in ('fail', 'continue')),
  foreign key (run_id) references goalpost.workflow_runs (id) on delete cascade
-- A row grows twice, when it is claimed and when its result is written: with room on its page, Postgres logs only the
-- change.
) with (fillfactor = 40);
comment on table goalpost.steps is 'Nodes of a run with their inputs, lease, state and result.';
create index steps_ready on goalpost.steps (kind, workspace_id, priority desc, run_after) where state = 'ready'; -- take_steps
create index steps_ready_again on goalpost.steps (kind, run_after) where state = 'ready' and attempt > 1; -- may_claim_isolated_step
create index steps_running on goalpost.steps (lease_expires_at) where state = 'running'; -- sweep
create index steps_waiting on goalpost.steps (run_after) where state = 'waiting' and run_after is not null; -- sweep
create index steps_agent on goalpost.steps (agent_id) where agent_id is not null;

-- One attempt of a step, written when it ends. It has no foreign keys, since each would be locked and logged at every
-- step: it is written only together with its step, and deleted with its run (forget_history).
create table goalpost.step_attempts (
  run_id bigint not null,
  step_key text not null,
  attempt integer not null,
  workspace_id uuid not null,
  outcome text not null,
  worker text,
  started_at timestamptz,
  ended_at timestamptz not null,
  error jsonb,
  primary key (run_id, step_key, attempt),
  constraint outcome_is_known check (outcome in ('completed', 'failed', 'lost', 'timed_out'))
);
comment on table goalpost.step_attempts is 'Attempts at steps, written when each ends.';

create table goalpost.agent_instances (
  run_id bigint not null,
  agent_id bigint not null references goalpost.agents (id) deferrable initially deferred,
  workspace_id uuid not null,
  state text not null default 'open',
  opened_at timestamptz not null,
  closed_at timestamptz,
  primary key (run_id, agent_id),
  constraint state_is_known check (state in ('open', 'closed')),
  constraint closed_at_only_when_closed check ((closed_at is not null) = (state = 'closed')),
  foreign key (workspace_id, run_id) references goalpost.workflow_runs (workspace_id, id) on delete cascade
);
comment on table goalpost.agent_instances is
  'Agents in use by a run: opened when the first of their steps is claimed, closed when the run ends.';
create index agent_instances_agent on goalpost.agent_instances (agent_id);
create index agent_instances_run on goalpost.agent_instances (workspace_id, run_id);

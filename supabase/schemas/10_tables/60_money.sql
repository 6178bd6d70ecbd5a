-- One row per turn that ended. Spent on a cap is the sum of its rows here (unbalanced_budgets).
create table goalpost.usage_events (
  run_id bigint not null,
  step_key text not null,
  -- The turn.
  number integer not null,
  lease_epoch bigint not null,
  workspace_id uuid not null,
  goal_id bigint,
  agent_id bigint references goalpost.agents (id) deferrable initially deferred,
  provider text not null,
  model text not null,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cached_tokens bigint not null default 0,
  cost_microusd bigint not null default 0,
  -- False where the turn ended after its worker had lost the lease.
  counted boolean not null default true,
  -- True where the provider reported no usage: estimated from bytes, or all that was reserved where no answer is known.
  is_estimate boolean not null default false,
  created_at timestamptz not null,
  primary key (run_id, step_key, number),
  constraint nothing_is_negative check (
    input_tokens >= 0 and output_tokens >= 0 and cached_tokens >= 0 and cost_microusd >= 0),
  foreign key (run_id, step_key, number) references goalpost.step_turns (run_id, step_key, number) on delete cascade,
  foreign key (workspace_id, goal_id) references goalpost.goals (workspace_id, id) on delete cascade
);
comment on table goalpost.usage_events is
  'Cost and tokens of each chat and embedding call, including those of workers that had lost their lease.';
create index usage_events_goal on goalpost.usage_events (workspace_id, goal_id);
create index usage_events_agent on goalpost.usage_events (agent_id) where agent_id is not null;

-- What may be spent and what is: a row per cap, made at the first question to a model that it counts for. Reserved is
-- what questions under way may cost at most. Scopes: workspace_month ('2030-01'), user_day ('<user>/2030-01-31'), run
-- (a request's first run, for all that follows from it; a sub-goal's run where its step names a budget of its own).
create table goalpost.budgets (
  workspace_id uuid not null references goalpost.workspaces (id) on delete cascade,
  scope text not null,
  key text not null,
  cap_microusd bigint not null,
  cap_tokens bigint not null,
  created_at timestamptz not null,
  spent_microusd bigint not null default 0,
  spent_tokens bigint not null default 0,
  reserved_microusd bigint not null default 0,
  reserved_tokens bigint not null default 0,
  primary key (workspace_id, scope, key),
  constraint scope_is_known check (scope in ('workspace_month', 'user_day', 'run')),
  constraint nothing_is_negative check (
    least(cap_microusd, cap_tokens, spent_microusd, spent_tokens, reserved_microusd, reserved_tokens) >= 0),
  constraint the_cap_is_kept check (
    spent_microusd + reserved_microusd <= cap_microusd and spent_tokens + reserved_tokens <= cap_tokens)
-- Updated twice per question to a model.
) with (fillfactor = 50);
comment on table goalpost.budgets is
  'Caps with what is spent and reserved: per workspace and month, person and day, and run.';

create table goalpost.budget_raises (
  approval_id bigint primary key,
  workspace_id uuid not null,
  scope text not null,
  key text not null,
  from_microusd bigint not null,
  to_microusd bigint not null,
  from_tokens bigint not null,
  to_tokens bigint not null,
  raised_by uuid not null,
  raised_at timestamptz not null,
  foreign key (workspace_id, approval_id) references goalpost.approvals (workspace_id, id) on delete cascade,
  foreign key (workspace_id, scope, key) references goalpost.budgets (workspace_id, scope, key) on delete cascade
);
comment on table goalpost.budget_raises is 'Raises of caps, one row each, with who decided it.';
create index budget_raises_approval on goalpost.budget_raises (workspace_id, approval_id);
create index budget_raises_budget on goalpost.budget_raises (workspace_id, scope, key);

-- Steps in state waiting until reservations of other turns are given back: what the next turn of each needs. Settling a
-- turn makes them ready (wake_budget_waiters); their run_after is the fallback.
create table goalpost_private.budget_waiters (
  run_id bigint not null,
  step_key text not null,
  workspace_id uuid not null,
  needs_microusd bigint not null,
  needs_tokens bigint not null,
  since timestamptz not null,
  primary key (run_id, step_key),
  foreign key (run_id, step_key) references goalpost.steps (run_id, key) on delete cascade
);
comment on table goalpost_private.budget_waiters is 'Steps that wait for reserved money to be given back.';
create index budget_waiters_workspace on goalpost_private.budget_waiters (workspace_id, since); -- wake_budget_waiters

create table goalpost.model_prices (
  provider text not null,
  model text not null,
  valid_from timestamptz not null,
  input_microusd bigint not null,
  output_microusd bigint not null,
  -- Tokens read from the provider's cache, and written to it.
  cached_microusd bigint not null,
  cache_write_microusd bigint not null,
  source text not null,
  -- The most tokens that one call can take in and give out, reasoning included; null where it is not known. A
  -- reservation is never larger than that.
  context_tokens bigint,
  max_output_tokens bigint,
  primary key (provider, model, valid_from),
  constraint nothing_is_negative check (
    least(input_microusd, output_microusd, cached_microusd, cache_write_microusd, context_tokens, max_output_tokens) >= 0)
);
comment on table goalpost.model_prices is
  'Prices of models in micro-dollars per million tokens, by the day they took effect.';

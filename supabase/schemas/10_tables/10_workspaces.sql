-- Workspaces, members and project admins: the tables that decide which rights a person has.

create table goalpost.workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  -- Schemas that the `sql` tool may read in this workspace, always as the asker and under row-level security.
  readable_schemas text[] not null default '{public}',
  -- Hosts that the `webhook` tool may post to in this workspace: `host`, or `host:port` where the port is not 443. An
  -- empty list permits no host. A host that is not public must also be listed for this workspace by the operator
  -- (GOALPOST_PRIVATE_HOSTS).
  webhook_hosts text[] not null default '{}',
  -- True if an unsigned webhook is refused. Where Vault has a secret goalpost_webhook_<workspace id>, all webhooks are
  -- signed.
  webhooks_signed boolean not null default false,
  -- Hosts that the `http` tool may call, in the same form as webhook_hosts.
  http_hosts text[] not null default '{}',
  -- Domains that the `email` tool may send to. `example.com` does not include its subdomains.
  email_domains text[] not null default '{}',
  -- The time zone in which models receive the time, and the currency of amounts without one; a null currency means that
  -- amounts differ in currency.
  time_zone text not null default 'UTC',
  currency text,
  -- True if agents receive common values and row counts of the tables that their asker may read.
  common_values boolean not null default true,
  -- off: nothing is analysed by schedule. propose: a person decides on every improvement. trial: verified runbooks are
  -- tried without a person, and become active after successes.
  learning text not null default 'propose',
  -- The interval of scheduled analyses, if something has ended since the last one.
  analysis_seconds integer not null default 3600,
  -- Requests that ended longer ago are deleted with everything that followed from them (forget_work).
  retention_days integer not null default 365,
  max_open_requests integer not null default 200,
  -- Caps on the cost of models: per request with everything that follows from it (unless the request sets its own), per
  -- person and day, and per workspace and month, both in UTC. In micro-dollars and in tokens (input and output). Every
  -- cap has a value.
  goal_budget_microusd bigint not null default 5000000,
  goal_budget_tokens bigint not null default 20000000,
  user_day_microusd bigint not null default 25000000,
  user_day_tokens bigint not null default 100000000,
  workspace_month_microusd bigint not null default 250000000,
  workspace_month_tokens bigint not null default 1000000000,
  -- The monthly grant of the project admins: the workspace's own admins may set the monthly caps up to it. The defaults
  -- apply to rows inserted by the owner of the database; a workspace that a person creates starts with the project's
  -- grant (create_workspace).
  granted_month_microusd bigint not null default 1000000000,
  granted_month_tokens bigint not null default 10000000000,
  -- The effect of a cap without room: the step fails, or a person is asked to raise the cap.
  on_exhausted text not null default 'fail',
  -- The effect of a criterion whose verdict is unknown: the requester is asked, or the goal fails.
  on_unknown text not null default 'ask',
  -- True if a person approves every plan before it takes effect; otherwise only plans estimated to cost more than
  -- plan_approval_microusd.
  approve_plans boolean not null default false,
  plan_approval_microusd bigint not null default 2000000,
  -- The creator, for the cap on workspaces per person. Workspaces that a person joined do not count.
  created_by uuid,
  created_at timestamptz not null default now(),
  constraint name_is_given check (length(trim(name)) between 1 and 200),
  -- An unknown time zone raises 22023 here, so no row can contain one.
  constraint time_zone_is_known check (
    length(time_zone) between 1 and 64 and (timestamptz '2000-01-01 00:00:00+00' at time zone time_zone) is not null),
  constraint learning_is_known check (learning in ('off', 'propose', 'trial')),
  constraint analysis_seconds_are_bounded check (analysis_seconds between 60 and 2592000),
  constraint retention_days_are_bounded check (retention_days between 1 and 3650),
  constraint currency_is_a_code check (currency ~ '^[A-Z]{3}$'),
  constraint max_open_requests_is_positive check (max_open_requests > 0),
  constraint budgets_are_bounded check (
    least(goal_budget_microusd, goal_budget_tokens, user_day_microusd, user_day_tokens, workspace_month_microusd,
          workspace_month_tokens, plan_approval_microusd, granted_month_microusd, granted_month_tokens) >= 0
    and greatest(goal_budget_microusd, goal_budget_tokens, user_day_microusd, user_day_tokens, workspace_month_microusd,
                 workspace_month_tokens, plan_approval_microusd, granted_month_microusd, granted_month_tokens)
        <= 1000000000000),
  constraint on_exhausted_is_known check (on_exhausted in ('fail', 'ask')),
  constraint on_unknown_is_known check (on_unknown in ('fail', 'ask')),
  constraint webhook_hosts_are_hosts check (
    cardinality(webhook_hosts) = 0 or cardinality(webhook_hosts) <= 100
    and array_to_string(webhook_hosts, ',', '?') ~ '^[a-z0-9.-]+(:[0-9]{1,5})?(,[a-z0-9.-]+(:[0-9]{1,5})?)*$'),
  constraint http_hosts_are_hosts check (
    cardinality(http_hosts) = 0 or cardinality(http_hosts) <= 100
    and array_to_string(http_hosts, ',', '?') ~ '^[a-z0-9.-]+(:[0-9]{1,5})?(,[a-z0-9.-]+(:[0-9]{1,5})?)*$'),
  constraint email_domains_are_domains check (
    cardinality(email_domains) = 0 or cardinality(email_domains) <= 100
    and array_to_string(email_domains, ',', '?') ~ '^[a-z0-9.-]+(,[a-z0-9.-]+)*$')
);
comment on table goalpost.workspaces is
  'A tenant: its readable schemas, allowed hosts, time zone, currency and caps on money. Every row of work carries its id.';
create index workspaces_created_by on goalpost.workspaces (created_by); -- create_workspace: the cap

create table goalpost.members (
  workspace_id uuid not null references goalpost.workspaces (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id),
  constraint role_is_known check (role in ('viewer', 'member', 'approver', 'admin', 'owner'))
);
comment on table goalpost.members is
  'The members of a workspace, each with one role: viewer, member, approver, admin or owner.';
create index members_of_user on goalpost.members (user_id);

-- An invitation becomes a membership when the invited person accepts it. It contains an e-mail address or a user id.
-- user_id is no foreign key: a person who does not exist can be invited too, so an invitation does not reveal which
-- accounts exist.
create table goalpost.invitations (
  id bigint generated by default as identity primary key,
  workspace_id uuid not null references goalpost.workspaces (id) on delete cascade,
  -- A copy of the workspace's name for the invited person, who cannot read the workspace.
  workspace_name text not null,
  email text,
  user_id uuid,
  role text not null,
  invited_by uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint names_one_person check (num_nonnulls(email, user_id) = 1),
  constraint email_is_bounded check (length(email) between 3 and 254 and email = lower(email)),
  constraint role_is_known check (role in ('viewer', 'member', 'approver', 'admin', 'owner')),
  constraint one_invitation_per_person unique nulls not distinct (workspace_id, email, user_id)
);
comment on table goalpost.invitations is 'Invitations into workspaces that wait for the invited person.';
create index invitations_of_email on goalpost.invitations (email) where email is not null; -- row-level security
create index invitations_of_user on goalpost.invitations (user_id) where user_id is not null; -- row-level security

-- Operators of the whole Supabase project, across workspaces: they may read its catalog. The owner of the database
-- writes the first row (`up` and the seed do it locally); add_project_admin writes later ones.
create table goalpost.project_admins (
  user_id uuid primary key references auth.users (id) on delete cascade,
  created_at timestamptz not null default now()
);
comment on table goalpost.project_admins is
  'Operators of the whole Supabase project. The owner of the database adds the first; they add others.';

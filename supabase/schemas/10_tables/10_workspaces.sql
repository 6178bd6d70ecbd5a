-- Who may do what (workspaces, members, project admins) and what there is to work with (agents, tools, runbooks).

create table goalpost.workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  -- Schemas that the `sql` tool may read in this workspace, always as the asker and under row-level security.
  readable_schemas text[] not null default '{public}',
  -- Hosts that the `webhook` tool may post to in this workspace: `host`, or `host:port` where the port is not 443.
  -- Nothing listed, nothing posted. A host that is not public must also be named with this workspace by the operator (GOALPOST_PRIVATE_HOSTS).
  webhook_hosts text[] not null default '{}',
  -- Whether an unsigned webhook is refused. Where Vault has a secret goalpost_webhook_<workspace id>, all are signed.
  webhooks_signed boolean not null default false,
  -- Hosts that the `http` tool may call, written as those of webhooks.
  http_hosts text[] not null default '{}',
  -- Domains that the `email` tool may write to: `example.com`, without what is below it.
  email_domains text[] not null default '{}',
  -- The zone in which models are sent the time, and the currency of amounts that name none; null: that differs.
  time_zone text not null default 'UTC',
  currency text,
  -- Whether agents are sent common values and counts of the tables that their asker may read.
  common_values boolean not null default true,
  max_open_requests integer not null default 200,
  -- What models may cost: one request with all that follows from it (unless it says otherwise), one person a day, the
  -- workspace a month, both in UTC. Micro-dollars; tokens in and out. Every cap has a value.
  goal_budget_microusd bigint not null default 5000000,
  goal_budget_tokens bigint not null default 20000000,
  user_day_microusd bigint not null default 25000000,
  user_day_tokens bigint not null default 100000000,
  workspace_month_microusd bigint not null default 250000000,
  workspace_month_tokens bigint not null default 1000000000,
  -- What project admins gave it for a month: its own admins may set the month's caps up to this. These defaults are for
  -- rows of the database's owner; a workspace that a person makes begins with what the project gives (create_workspace).
  granted_month_microusd bigint not null default 1000000000,
  granted_month_tokens bigint not null default 10000000000,
  -- What happens at a cap: the step fails, or a person is asked to raise it.
  on_exhausted text not null default 'fail',
  -- What happens to a goal with a criterion whose verdict is unknown: the requester is asked, or the goal fails.
  on_unknown text not null default 'ask',
  -- Whether a person sees every plan before it takes effect, or those alone that are estimated to cost more than this.
  approve_plans boolean not null default false,
  plan_approval_microusd bigint not null default 2000000,
  -- Who made it, for the cap on how many one person makes; being made a member of others' does not count.
  created_by uuid,
  created_at timestamptz not null default now(),
  constraint name_is_given check (length(trim(name)) between 1 and 200),
  -- An unknown name raises 22023, so no row can have one.
  constraint time_zone_is_known check (
    length(time_zone) between 1 and 64 and (timestamptz '2000-01-01 00:00:00+00' at time zone time_zone) is not null),
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
  'Who belongs to a workspace, with one role: viewer, member, approver, admin or owner.';
create index members_of_user on goalpost.members (user_id);

-- An invitation becomes a membership when the invited person accepts it. It names an e-mail address or a user, whether
-- or not there is such a person: user_id is no reference, so that inviting shows nothing about who exists.
create table goalpost.invitations (
  id bigint generated by default as identity primary key,
  workspace_id uuid not null references goalpost.workspaces (id) on delete cascade,
  -- The workspace's name as it was, for the invited person, who cannot read the workspace.
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

-- Operators of the whole Supabase project, across workspaces: they may look at its catalog.
-- The first row is written by the owner of the database (`up` and the seed do it locally), later ones by add_project_admin.
create table goalpost.project_admins (
  user_id uuid primary key references auth.users (id) on delete cascade,
  created_at timestamptz not null default now()
);
comment on table goalpost.project_admins is
  'Operators of the whole Supabase project. The owner of the database adds the first; they add others.';

create table goalpost.tools (
  name text primary key,
  version integer not null default 1,
  description text not null,
  parameters jsonb not null,
  -- The fields of the tool's result with a description of each; {} where they are not known beforehand.
  result jsonb not null default '{}',
  -- True if two identical calls have the effect of one.
  idempotent boolean not null,
  -- True if a call changes or sends anything outside its own step.
  writes boolean not null,
  timeout_seconds integer not null default 30,
  -- The default rule for asking a person before a call; rows of tool_policies override it.
  approval text not null default 'never',
  -- True if the result may contain content from outside sources, which the workspace does not control.
  returns_untrusted boolean not null default false,
  -- True if a call only writes rows: carry_out_call executes it, or the executor itself (submit_result).
  control boolean not null default false,
  max_calls_per_step integer not null default 100,
  constraint approval_is_known check (approval in ('never', 'always', 'when_tainted')),
  constraint timeout_is_bounded check (timeout_seconds between 1 and 3600),
  constraint calls_are_bounded check (max_calls_per_step between 1 and 1000)
);
comment on table goalpost.tools is 'The tools that the executor implements, with their parameters and default policy.';

create table goalpost.tools (
  name text primary key,
  version integer not null default 1,
  description text not null,
  parameters jsonb not null,
  -- The fields of its result with what each holds; {} where they are not known beforehand.
  result jsonb not null default '{}',
  -- Whether the same call twice has the effect of one.
  idempotent boolean not null,
  -- Whether a call changes or sends anything outside its own step.
  writes boolean not null,
  timeout_seconds integer not null default 30,
  -- Whether a person is asked first, where no row of the policy says otherwise.
  approval text not null default 'never',
  -- Whether what comes back was written by somebody whom nobody here vouches for.
  returns_untrusted boolean not null default false,
  -- Whether a call is a row and not an act: carried out by carry_out_call, or by the executor itself (submit_result).
  control boolean not null default false,
  max_calls_per_step integer not null default 100,
  constraint approval_is_known check (approval in ('never', 'always', 'when_tainted')),
  constraint timeout_is_bounded check (timeout_seconds between 1 and 3600),
  constraint calls_are_bounded check (max_calls_per_step between 1 and 1000)
);
comment on table goalpost.tools is 'The tools that the executor implements, with their parameters and default policy.';

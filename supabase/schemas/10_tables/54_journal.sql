-- The journal of a step: its model calls and tool calls, each written as a row before it takes effect. A step that is
-- claimed again replays the journal: answered model calls are not repeated, and neither are completed tool calls.
-- Numbers count within the step, over all of its attempts, and never restart: a call's number is its identity outside.

-- One paid call of a model, chat or embedding, with the bound of its cost and the actual cost.
-- asked -> answered | failed (no answer came) | unknown (its end is not known; it counts as spent as reserved)
-- unknown -> failed: a late end brings the cost
create table goalpost.step_turns (
  run_id bigint not null,
  step_key text not null,
  number integer not null,
  workspace_id uuid not null,
  attempt integer not null,
  lease_epoch bigint not null,
  -- The purpose of the call: assess, plan, work, judge, repair, compact; embed for an embedding, whose vectors are not
  -- kept.
  purpose text not null,
  provider text not null,
  model text not null,
  -- sha256 of the request, in hex: shows if a replay would send the same request.
  request_hash text not null,
  -- Upper bounds of the tokens in (the request's bytes and the provider's additions) and out; both are reserved.
  max_input_tokens bigint not null,
  max_output_tokens bigint not null,
  reserved_microusd bigint not null default 0,
  asked_at timestamptz not null,
  state text not null default 'asked',
  ended_at timestamptz,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cached_tokens bigint not null default 0,
  cache_write_tokens bigint not null default 0,
  reasoning_tokens bigint not null default 0,
  cost_microusd bigint not null default 0,
  -- True once the cost is booked; is_estimate is explained at usage_events.
  is_settled boolean not null default false,
  is_estimate boolean not null default false,
  answer jsonb,
  error jsonb,
  primary key (run_id, step_key, number),
  constraint state_is_known check (state in ('asked', 'answered', 'failed', 'unknown')),
  constraint ended_at_only_when_ended check ((ended_at is not null) = (state <> 'asked')),
  constraint answer_only_when_answered check ((answer is not null) = (state = 'answered')),
  constraint nothing_is_negative check (
    max_input_tokens >= 0 and max_output_tokens >= 0 and reserved_microusd >= 0 and input_tokens >= 0
    and output_tokens >= 0 and cached_tokens >= 0 and cache_write_tokens >= 0 and reasoning_tokens >= 0 and cost_microusd >= 0),
  foreign key (run_id, step_key) references goalpost.steps (run_id, key) on delete cascade
) with (fillfactor = 70);
comment on table goalpost.step_turns is 'Model calls of a step, each with its reserved and its actual cost.';
create index step_turns_asked on goalpost.step_turns (workspace_id, asked_at) where state = 'asked'; -- sweep

-- One call of a tool, with arguments that stay the same for every worker that makes it.
-- waiting (a person decides, or another step works) -> intended | denied | done | failed
-- intended (may be made) -> running (begun, and not repeatable) | done | failed
-- running -> done | failed | unknown (the worker that began it was lost: a person is asked) -> done | failed | intended
-- intended, waiting, running, unknown -> failed | denied, when the step or its run ends without it (close_calls)
-- failed, denied -> intended | waiting | denied: only of calls that no model requested, when their step is retried
-- failed, denied -> intended | waiting | denied | unknown, when a person reopens the run (reopen_calls)
create table goalpost.tool_calls (
  run_id bigint not null,
  step_key text not null,
  number integer not null,
  workspace_id uuid not null,
  -- The turn whose answer requested the call; null in a step that is one call.
  turn_number integer,
  -- The model's id of the call.
  call_id text,
  attempt integer not null,
  tool text not null,
  tool_version integer not null,
  idempotent boolean not null,
  writes boolean not null,
  arguments jsonb not null,
  -- The model's arguments, where a person changed them.
  proposed_arguments jsonb,
  -- sha256 of the arguments' text, in hex: an approval is bound to it.
  arguments_hash text not null,
  idempotency_key text not null,
  -- The name of the rule that decided on the call.
  rule text not null,
  created_at timestamptz not null,
  state text not null,
  -- The step that works for this call (delegate).
  works_in_step text,
  lease_epoch bigint,
  started_at timestamptz,
  ended_at timestamptz,
  result jsonb,
  error jsonb,
  primary key (run_id, step_key, number),
  constraint state_is_known check (
    state in ('intended', 'waiting', 'running', 'done', 'failed', 'denied', 'unknown')),
  constraint ended_at_only_when_ended check ((ended_at is not null) = (state in ('done', 'failed', 'denied'))),
  constraint result_only_when_done check ((result is not null) = (state = 'done')),
  constraint started_at_when_running check (state <> 'running' or started_at is not null),
  foreign key (run_id, step_key) references goalpost.steps (run_id, key) on delete cascade
) with (fillfactor = 70);
comment on table goalpost.tool_calls is
  'Tool calls of a step with their frozen arguments, policy decision and result.';

-- The request features that a model's server accepts, learned from its refusals; a null column stands for the default
-- assumed of every server. A row is valid for limits.capabilities_lifetime from its first value on.
create table goalpost_private.model_capabilities (
  provider text not null,
  -- The base URL of the calls, without user, password and query.
  endpoint text not null,
  model text not null,
  -- The strongest form of a structured answer that the server accepts; null: json_schema.
  output_format text,
  -- The name of the parameter that limits the tokens of an answer.
  limit_parameter text,
  max_output_tokens bigint,
  context_tokens bigint,
  -- False if the model calls tools only with reasoning disabled.
  reasons_with_tools boolean,
  learned_at timestamptz not null,
  primary key (provider, endpoint, model),
  constraint output_format_is_known check (output_format in ('json_schema', 'json_object', 'prompt')),
  constraint limit_parameter_is_known check (limit_parameter in ('max_tokens', 'max_completion_tokens')),
  constraint tokens_are_positive check (max_output_tokens > 0 and context_tokens > 0)
);
comment on table goalpost_private.model_capabilities is 'Request features that model servers accept, learned from their refusals.';

-- The journal: what a step asks models and tools is a row before it takes effect, and so a step that is claimed again
-- goes on where it was. The story of one turn:
--
--   begin_turn ─> (the model is asked) ─> end_turn: the answer, and each call it asks for with frozen arguments
--     a call that may be repeated:   (it is made) ─> its result travels with the next begin_turn, or with the outcome
--     a call that may not:           begin_calls ─> (it is made) ─> end_calls at once
--     a call for people or SQL:      waiting, until they have decided; or carry_out_call
--
-- All functions here lock the step's tree first and look at its lease then (hold_step): while they run, nobody takes
-- the step away. Each is safe to repeat, since its answer may be lost: a repeated call finds its own row and tells of
-- it. What may be asked at all is decided by reserve_turn (money) and decide_call (policy).

-- The step as its worker holds it, with its tree locked. Raises ZG009 when the lease was lost.
create function goalpost_private.hold_step(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns goalpost.steps
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
begin
  perform goalpost_private.lock_trees(array[p_run_id]);
  select s.* into v_step from goalpost.steps s
   where s.run_id = p_run_id and s.key = p_step_key and s.state = 'running' and s.lease_epoch = p_lease_epoch;
  if not found then
    perform goalpost_private.refuse('ZG009', 'the lease on this step was lost');
  end if;
  return v_step;
end
$$;

-- A call as its worker is told of it.
create function goalpost_private.describe_call(p_call goalpost.tool_calls) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
           'number', p_call.number, 'turn_number', p_call.turn_number, 'call_id', p_call.call_id, 'tool', p_call.tool,
           'idempotent', p_call.idempotent, 'state', p_call.state, 'rule', p_call.rule,
           'idempotency_key', p_call.idempotency_key, 'arguments', p_call.arguments,
           'was_edited', p_call.proposed_arguments is not null, 'result', p_call.result, 'error', p_call.error,
           'limited', p_call.state = 'intended' and goalpost_private.is_limited(p_call.workspace_id, p_call.tool));
end
$$;

-- The calls of a step that an answer asked for (p_turn_number), or those that no answer asked for (null).
create function goalpost_private.describe_calls(p_run_id bigint, p_step_key text, p_turn_number integer) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
    from goalpost.tool_calls c
   where c.run_id = p_run_id and c.step_key = p_step_key and c.turn_number is not distinct from p_turn_number
$$;

-- How large a value is as text; null is nothing. What is stored short may be long as text: looked at in this order.
create function goalpost_private.is_larger_than(p_value jsonb, p_bytes integer) returns boolean
language sql stable
set search_path = ''
as $$
  select coalesce(case when pg_column_size(p_value) > 8 * p_bytes then true
                       else octet_length(p_value::text) > p_bytes end, false)
$$;

-- An error as it is kept: a word, a sentence of at most 4000 characters, whether another try may help.
create function goalpost_private.kept_error(p_error jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_build_object(
           'code', left(coalesce(p_error ->> 'code', 'unknown'), 200),
           'message', left(coalesce(p_error ->> 'message', 'no reason given'), 4000),
           'retryable', coalesce(p_error -> 'retryable' = 'true', false))
$$;

-- Settles what nobody will end any more, once a step has a new worker: a question that was under way when the last
-- one left counts as spent, as dear as it may have been; a call that may not be repeated and was under way is put
-- before a person. asked -> unknown, running -> unknown. The tree is locked.
create function goalpost_private.settle_unknown(p_step goalpost.steps, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_turn goalpost.step_turns;
  v_call goalpost.tool_calls;
begin
  for v_turn in
    update goalpost.step_turns t
       set state = 'unknown', ended_at = p_now, cost_microusd = t.reserved_microusd,
           error = '{"code": "unknown", "message": "whoever asked is gone; it counts as spent", "retryable": true}'
     where t.run_id = p_step.run_id and t.step_key = p_step.key and t.state = 'asked'
       and t.lease_epoch < p_step.lease_epoch
    returning t.*
  loop
    perform goalpost_private.settle_turn(v_turn, false, p_now);
  end loop;

  for v_call in
    update goalpost.tool_calls c set state = 'unknown'
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.state = 'running'
       and c.lease_epoch < p_step.lease_epoch
    returning c.*
  loop
    perform goalpost_private.ask_person(
      p_step, 'outcome_unknown', v_call.number,
      format('Nobody knows whether %s was done: its worker was lost while it was under way. It is not repeated by '
             'itself. What became of it?', v_call.tool),
      jsonb_build_object('tool', v_call.tool, 'arguments', v_call.arguments, 'started_at', v_call.started_at,
                         'idempotency_key', v_call.idempotency_key),
      p_now);
  end loop;
end
$$;

-- Everything a step has asked and done so far: {"turns", "calls", "failures"}, in order. What was said before the last
-- summary (purpose compact) is counted and not told: the summary stands for it.
-- Called by a worker that is told "journaled" with its claim. Settles first what its predecessors left unknown, so it
-- is a transition; safe to repeat. Raises ZG009. Locks the tree.
create function goalpost_worker.read_journal(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.hold_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_summary integer;
begin
  perform goalpost_private.settle_unknown(v_step, v_now);
  v_summary := coalesce(
    (select max(t.number) from goalpost.step_turns t
      where t.run_id = p_run_id and t.step_key = p_step_key and t.state = 'answered' and t.purpose = 'compact'), 0);
  return jsonb_build_object(
    'turns', (
      select coalesce(jsonb_agg(jsonb_build_object(
               'number', t.number, 'attempt', t.attempt, 'purpose', t.purpose, 'state', t.state,
               'request_hash', t.request_hash, 'error', t.error,
               'seconds', extract(epoch from t.ended_at - t.asked_at),
               'answer', case when t.number >= v_summary then t.answer end) order by t.number), '[]')
        from goalpost.step_turns t where t.run_id = p_run_id and t.step_key = p_step_key),
    'calls', (
      select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
        from goalpost.tool_calls c
       where c.run_id = p_run_id and c.step_key = p_step_key and coalesce(c.turn_number, v_summary) >= v_summary),
    'failures', (
      select coalesce(jsonb_agg(jsonb_build_object(
               'attempt', a.attempt, 'outcome', a.outcome, 'error', a.error) order by a.attempt), '[]')
        from goalpost.step_attempts a
       where a.run_id = p_run_id and a.step_key = p_step_key and a.outcome in ('failed', 'timed_out')));
end
$$;

-- Refuses a question that is none (ZG003).
create function goalpost_private.refuse_bad_ask(p_ask jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not coalesce(
       p_ask ->> 'purpose' in ('assess', 'plan', 'work', 'judge', 'repair', 'compact')
       and length(p_ask ->> 'provider') between 1 and 200 and length(p_ask ->> 'model') between 1 and 200
       and p_ask ->> 'request_hash' ~ '^[0-9a-f]{64}$'
       and jsonb_typeof(p_ask -> 'max_input_tokens') = 'number'
       and (p_ask ->> 'max_input_tokens')::numeric between 0 and 1e9
       and jsonb_typeof(p_ask -> 'max_output_tokens') = 'number'
       and (p_ask ->> 'max_output_tokens')::numeric between 1 and 1e9, false)
  then
    perform goalpost_private.refuse('ZG003',
      'a question has a purpose, a provider, a model, a hash, and bounds of its tokens');
  end if;
end
$$;

-- Why a step may ask nothing more, as {"refused": …}; null: it may. None of its questions is under way.
create function goalpost_private.turn_refusal(p_step goalpost.steps) returns jsonb
language sql stable
set search_path = ''
as $$
  with turn as (
    select t.* from goalpost.step_turns t where t.run_id = p_step.run_id and t.step_key = p_step.key
  ),
  -- The newest ones of this try that brought nothing.
  failed as (
    select t.* from turn t
     where t.attempt = p_step.attempt
       and t.number > coalesce((select max(a.number) from turn a where a.state = 'answered'), 0)
  )
  select case
    when (select count(*) from turn) >= l.max_turns_per_step then
      jsonb_build_object('refused', jsonb_build_object('code', 'too_many_questions', 'message', format(
        'the step has asked models %s times, and may not ask more; make smaller steps of it', l.max_turns_per_step)))
    when (select count(*) from failed) >= l.max_failed_turns then
      jsonb_build_object('refused', jsonb_build_object('code', 'model_keeps_failing', 'message', format(
        'a model was asked %s times without an answer, and is not asked again; the last time: %s. Retry the step when '
        'that is mended', l.max_failed_turns, (select f.error ->> 'message' from failed f order by f.number desc limit 1))))
  end
    from goalpost_private.limits l
$$;

-- Notes that a model is about to be asked: a turn in state asked, with what it may cost at most set aside. Replies
-- {"number"}, or says why nothing is to be asked now: {"wait"}, {"waits_for_person"}, {"refused": {"code", "message"}}.
-- Called before every question. Results of calls that ended since (p_ended_calls) are recorded first and in any case.
-- Safe to repeat: the same question that this very worker has noted and not ended keeps its number. Another one that it
-- left without an end is unknown from now on. Raises ZG003, ZG009. Locks the tree.
create function goalpost_worker.begin_turn(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_ask jsonb, p_ended_calls jsonb default '[]'
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.hold_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_last goalpost.step_turns;
  v_refusal jsonb;
  v_reserved_microusd bigint;
begin
  perform goalpost_private.refuse_bad_ask(p_ask);
  perform goalpost_private.record_ended_calls(v_step, p_ended_calls, v_now);

  select t.* into v_last from goalpost.step_turns t
   where t.run_id = p_run_id and t.step_key = p_step_key order by t.number desc limit 1;
  if v_last.state = 'asked' then
    if v_last.lease_epoch = p_lease_epoch and v_last.request_hash = p_ask ->> 'request_hash'
       and v_last.provider = p_ask ->> 'provider' and v_last.model = p_ask ->> 'model' then
      return jsonb_build_object('number', v_last.number);
    end if;
    perform goalpost_private.give_up_turn(v_last, v_now);
  end if;

  v_refusal := goalpost_private.turn_refusal(v_step);
  if v_refusal is null then
    select r.refusal, r.reserved_microusd into v_refusal, v_reserved_microusd
      from goalpost_private.reserve_turn(v_step, p_ask, v_now) r;
  end if;
  if v_refusal is not null then
    return v_refusal;
  end if;
  insert into goalpost.step_turns
    (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash,
     max_input_tokens, max_output_tokens, reserved_microusd, asked_at)
  values
    (p_run_id, p_step_key, coalesce(v_last.number, 0) + 1, v_step.workspace_id, v_step.attempt, v_step.lease_epoch,
     p_ask ->> 'purpose', p_ask ->> 'provider', p_ask ->> 'model', p_ask ->> 'request_hash',
     (p_ask ->> 'max_input_tokens')::numeric, (p_ask ->> 'max_output_tokens')::numeric,
     coalesce(v_reserved_microusd, 0), v_now);
  return jsonb_build_object('number', coalesce(v_last.number, 0) + 1);
end
$$;

-- Ends a turn that its own worker left without an end: asked -> unknown; it counts as spent.
create function goalpost_private.give_up_turn(p_turn goalpost.step_turns, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.step_turns t
     set state = 'unknown', ended_at = p_now, cost_microusd = t.reserved_microusd,
         error = '{"code": "unknown", "message": "its end was never told; it counts as spent", "retryable": true}'
   where t.run_id = p_turn.run_id and t.step_key = p_turn.step_key and t.number = p_turn.number
  returning t.* into p_turn;
  perform goalpost_private.settle_turn(p_turn, true, p_now);
end
$$;

-- What became of a question, as the turn's row will have it: answered, failed, or unknown (it may have been paid for,
-- and nobody knows how much). An answer that comes too late, or is too large to be kept, is none; its cost is known.
create function goalpost_private.turn_end(p_turn goalpost.step_turns, p_end jsonb, p_is_held boolean)
returns goalpost.step_turns
language plpgsql stable
set search_path = ''
as $$
declare
  v_usage constant jsonb := coalesce(p_end -> 'usage', '{}');
  v_max_bytes constant integer := (select l.max_result_bytes from goalpost_private.limits l);
begin
  p_turn.input_tokens := least(greatest(coalesce((v_usage ->> 'input_tokens')::numeric, 0), 0), 1e12);
  p_turn.output_tokens := least(greatest(coalesce((v_usage ->> 'output_tokens')::numeric, 0), 0), 1e12);
  p_turn.cached_tokens := least(greatest(coalesce((v_usage ->> 'cached_tokens')::numeric, 0), 0), 1e12);
  p_turn.cache_write_tokens := least(greatest(coalesce((v_usage ->> 'cache_write_tokens')::numeric, 0), 0), 1e12);
  p_turn.reasoning_tokens := least(greatest(coalesce((v_usage ->> 'reasoning_tokens')::numeric, 0), 0), 1e12);
  if p_end ? 'error' then
    p_turn.state := case when p_end ->> 'charged' = 'unknown' then 'unknown' else 'failed' end;
    p_turn.error := goalpost_private.kept_error(p_end -> 'error');
  elsif not p_is_held then
    p_turn.state := 'failed';
    p_turn.error := '{"code": "lease_lost", "message": "the answer came after the step was taken from its worker", "retryable": true}';
  elsif goalpost_private.is_larger_than(p_end -> 'answer', v_max_bytes) then
    p_turn.state := 'failed';
    p_turn.error := jsonb_build_object('code', 'answer_too_large', 'retryable', true, 'message', format(
      'the model''s answer has more than %s bytes; ask for less', v_max_bytes));
  else
    p_turn.state := 'answered';
    p_turn.answer := p_end -> 'answer';
  end if;
  p_turn.cost_microusd := case p_turn.state when 'unknown' then p_turn.reserved_microusd else 0 end;
  return p_turn;
end
$$;

-- Ends a turn: asked -> answered | failed | unknown. p_end: {"answer", "usage"} or {"error", "charged"}. Freezes the
-- calls that the answer asks for (p_calls: [{"call_id", "tool", "arguments"}]) and decides on each. Replies
-- {"calls": […]}, or {"error"} where the answer could not be kept, or {"lease_lost": true}: then the cost is booked all
-- the same and nothing else (raising would undo that), also where it was taken to be unknown.
-- Called after every question. Safe to repeat: what has ended is told again. Raises ZG003, and ZG009 for a turn that
-- another worker began. Locks the tree.
create function goalpost_worker.end_turn(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_number integer, p_end jsonb, p_calls jsonb default '[]'
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_step goalpost.steps;
  v_turn goalpost.step_turns;
  v_is_held boolean;
begin
  if jsonb_typeof(p_end) is distinct from 'object' or (p_end ? 'error') = (jsonb_typeof(p_end -> 'answer') is not distinct from 'object') then
    perform goalpost_private.refuse('ZG003', 'a turn ends with an answer or with an error');
  end if;
  perform goalpost_private.lock_trees(array[p_run_id]);
  v_now := goalpost_private.clock();
  select t.* into v_turn from goalpost.step_turns t
   where t.run_id = p_run_id and t.step_key = p_step_key and t.number = p_number;
  if v_turn.lease_epoch is distinct from p_lease_epoch then
    perform goalpost_private.refuse('ZG009', 'this turn is another worker''s');
  end if;
  select s.* into v_step from goalpost.steps s where s.run_id = p_run_id and s.key = p_step_key;
  v_is_held := v_step.state = 'running' and v_step.lease_epoch = p_lease_epoch;

  -- What a successor took to be unknown is known now, to those who count; an answer it is not any more.
  if v_turn.state = 'asked' or (v_turn.state = 'unknown' and not v_is_held and not p_end ? 'error') then
    v_turn := goalpost_private.turn_end(v_turn, p_end, v_is_held);
    v_turn.ended_at := v_now;
    update goalpost.step_turns t
       set state = v_turn.state, ended_at = v_now, input_tokens = v_turn.input_tokens,
           output_tokens = v_turn.output_tokens, cached_tokens = v_turn.cached_tokens,
           cache_write_tokens = v_turn.cache_write_tokens, reasoning_tokens = v_turn.reasoning_tokens, cost_microusd = v_turn.cost_microusd,
           answer = v_turn.answer, error = v_turn.error
     where t.run_id = p_run_id and t.step_key = p_step_key and t.number = p_number;
    perform goalpost_private.settle_turn(v_turn, v_is_held, v_now);
    if v_turn.state = 'answered' then
      perform goalpost_private.create_calls(v_step, p_number, p_calls, v_now);
    end if;
  end if;
  if not v_is_held then
    return '{"lease_lost": true}';
  end if;
  return jsonb_build_object('calls', goalpost_private.describe_calls(p_run_id, p_step_key, p_number))
         || case when v_turn.error is not null then jsonb_build_object('error', v_turn.error) else '{}' end;
end
$$;

-- A call as it was asked for, not yet decided on: with frozen arguments, the tool's properties of now, and the key
-- that it will have outside, whoever makes it.
create function goalpost_private.frozen_call(
  p_step goalpost.steps, p_turn_number integer, p_number integer, p_asked jsonb, p_now timestamptz
) returns goalpost.tool_calls
language plpgsql stable
set search_path = ''
as $$
declare
  v_call goalpost.tool_calls;
  v_tool goalpost.tools;
  v_arguments jsonb := coalesce(p_asked -> 'arguments', '{}');
  v_max_bytes constant integer := (select l.max_argument_bytes from goalpost_private.limits l);
begin
  v_call.run_id := p_step.run_id;
  v_call.step_key := p_step.key;
  v_call.number := p_number;
  v_call.workspace_id := p_step.workspace_id;
  v_call.turn_number := p_turn_number;
  v_call.call_id := left(p_asked ->> 'call_id', 200);
  v_call.attempt := p_step.attempt;
  v_call.tool := left(coalesce(p_asked ->> 'tool', ''), 200);
  v_call.created_at := p_now;
  v_call.state := 'intended';
  v_call.rule := 'none';
  v_call.idempotency_key := format('%s/%s/%s', p_step.workspace_id, p_step.run_id, p_step.key)
    || case when p_step.kind = 'tool' then '' else '/' || p_number end;
  if goalpost_private.is_larger_than(v_arguments, v_max_bytes) then
    v_arguments := '{}';
    v_call.state := 'failed';
    v_call.rule := 'max_argument_bytes';
    v_call.error := jsonb_build_object('code', 'arguments_too_large', 'retryable', false, 'message', format(
      'the arguments have more than %s bytes; send less, or a reference to it', v_max_bytes));
  end if;
  v_call.arguments := v_arguments;
  v_call.arguments_hash := encode(sha256(convert_to(v_arguments::text, 'UTF8')), 'hex');
  select t.* into v_tool from goalpost.tools t where t.name = v_call.tool;
  v_call.tool_version := coalesce(v_tool.version, 0);
  v_call.idempotent := coalesce(v_tool.idempotent, true);
  v_call.writes := coalesce(v_tool.writes, false);
  return v_call;
end
$$;

-- Decides on a call: intended, waiting (for a person) or denied, with the name of the rule. Writes nothing.
create function goalpost_private.decided_call(
  p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz, out call goalpost.tool_calls, out question text
)
language plpgsql stable
set search_path = ''
as $$
declare
  v_decision record;
begin
  call := p_call;
  if call.state <> 'failed' then
    v_decision := goalpost_private.decide_call(p_step, call, p_now);
    call.rule := v_decision.rule;
    case v_decision.decision
      when 'allow' then
        null;
      when 'needs_approval' then
        call.state := 'waiting';
        question := coalesce(v_decision.message, format('May %s be called?', call.tool));
      else
        call.state := 'denied';
        call.error := jsonb_build_object(
          'code', case when call.rule in ('unknown_tool', 'not_listed') then 'tool_not_allowed'
                       when call.rule = 'mcp_tool_not_approved' then call.rule
                       else 'tool_denied' end,
          'retryable', false,
          'message', left(format('%s (rule %s)', coalesce(v_decision.message, 'this call is not allowed'), call.rule), 4000));
    end case;
  end if;
  if call.state in ('failed', 'denied') then
    call.ended_at := p_now;
  end if;
end
$$;

-- Writes the calls that an answer asks for, with what is decided on each, and asks people where they decide.
-- Raises ZG003 for what is no list of calls, or too long a one.
create function goalpost_private.create_calls(
  p_step goalpost.steps, p_turn_number integer, p_calls jsonb, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_number integer;
  v_asked jsonb;
  v_decided record;
begin
  if jsonb_typeof(p_calls) is distinct from 'array'
     or jsonb_array_length(p_calls) > (select l.max_calls_per_turn from goalpost_private.limits l) then
    perform goalpost_private.refuse('ZG003', format('calls must be a list of at most %s',
      (select l.max_calls_per_turn from goalpost_private.limits l)));
  end if;
  v_number := coalesce((select max(c.number) from goalpost.tool_calls c
                         where c.run_id = p_step.run_id and c.step_key = p_step.key), 0);
  for v_asked in select a.value from jsonb_array_elements(p_calls) with ordinality a (value, number) order by a.number loop
    v_number := v_number + 1;
    v_decided := goalpost_private.decided_call(
      p_step, goalpost_private.frozen_call(p_step, p_turn_number, v_number, v_asked, p_now), p_now);
    insert into goalpost.tool_calls select (v_decided.call).*;
    perform goalpost_private.ask_for_call(p_step, v_decided.call, v_decided.question, p_now);
  end loop;
end
$$;

-- Puts a call that waits for a person before one.
create function goalpost_private.ask_for_call(
  p_step goalpost.steps, p_call goalpost.tool_calls, p_question text, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_call.state = 'waiting' then
    perform goalpost_private.ask_person(
      p_step, 'tool_call', p_call.number, p_question,
      jsonb_build_object('tool', p_call.tool, 'arguments', p_call.arguments, 'rule', p_call.rule), p_now);
  end if;
end
$$;

-- Freezes the calls of a step that no model asks for: the one of a tool's step, or the next of a procedure. p_calls:
-- [{"call_id", "tool", "arguments"}]. What was frozen under a call_id before is told and stays, whatever arguments come
-- now; one that failed or was denied at an earlier try of the step is decided on anew. Replies {"calls": […]}.
-- Called before such a call if its tool writes, or if there are rows. Settles first what predecessors left unknown.
-- Safe to repeat. Raises ZG003, ZG009. Locks the tree.
create function goalpost_worker.freeze_calls(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_calls jsonb)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.hold_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
begin
  if jsonb_typeof(p_calls) is distinct from 'array' or exists (
    select from jsonb_array_elements(p_calls) a where a.value ->> 'call_id' is null)
  then
    perform goalpost_private.refuse('ZG003', 'calls must be a list, and each needs a call_id');
  end if;
  perform goalpost_private.settle_unknown(v_step, v_now);
  perform goalpost_private.decide_again(v_step, v_now);
  perform goalpost_private.create_calls(v_step, null, coalesce((
    select jsonb_agg(a.value order by a.number) from jsonb_array_elements(p_calls) with ordinality a (value, number)
     where not exists (select from goalpost.tool_calls c
                        where c.run_id = p_run_id and c.step_key = p_step_key and c.turn_number is null
                          and c.call_id = left(a.value ->> 'call_id', 200))), '[]'), v_now);
  return jsonb_build_object('calls', goalpost_private.describe_calls(p_run_id, p_step_key, null));
end
$$;

-- Decides anew on calls that no model asked for and that ended an earlier try of the step: the step is tried again for
-- their sake. failed | denied -> intended | waiting | denied, with the same arguments and the same key.
create function goalpost_private.decide_again(p_step goalpost.steps, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_call goalpost.tool_calls;
  v_decided record;
begin
  for v_call in
    select c.* from goalpost.tool_calls c
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.turn_number is null
       and c.state in ('failed', 'denied') and c.attempt < p_step.attempt and c.rule <> 'max_argument_bytes'
     order by c.number
  loop
    v_call.state := 'intended';
    v_call.attempt := p_step.attempt;
    v_call.error := null;
    v_call.ended_at := null;
    v_call.started_at := null;
    v_call.lease_epoch := null;
    v_decided := goalpost_private.decided_call(p_step, v_call, p_now);
    v_call := v_decided.call;
    update goalpost.tool_calls c
       set state = v_call.state, attempt = v_call.attempt, rule = v_call.rule, error = v_call.error,
           ended_at = v_call.ended_at, started_at = null, lease_epoch = null
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.number = v_call.number;
    perform goalpost_private.ask_for_call(p_step, v_call, v_decided.question, p_now);
  end loop;
end
$$;

-- Notes that calls are about to be made: those that may not be repeated go from intended to running, and whoever dies
-- from here on leaves an outcome that nobody knows; those whose tool has a limit take their places. Replies {"calls": […]}:
-- those in state running, or intended where they may be repeated, may be made, once; or with "wait" nothing was begun.
-- Called right before such calls. Safe to repeat. Raises ZG009. Locks the tree.
create function goalpost_worker.begin_calls(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_numbers integer[])
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.hold_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_wait constant jsonb := goalpost_private.take_places(v_step, p_numbers, v_now);
begin
  if v_wait is null then
    update goalpost.tool_calls c
       set state = 'running', lease_epoch = v_step.lease_epoch, started_at = v_now
     where c.run_id = p_run_id and c.step_key = p_step_key and c.number = any (p_numbers)
       and c.state = 'intended' and not c.idempotent;
  end if;
  return coalesce(v_wait, '{}') || jsonb_build_object('calls', (
    select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
      from goalpost.tool_calls c
     where c.run_id = p_run_id and c.step_key = p_step_key and c.number = any (p_numbers)));
end
$$;

-- Places for these calls, all of them or none; null: they have them, or need none.
create function goalpost_private.take_places(p_step goalpost.steps, p_numbers integer[], p_now timestamptz) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_call goalpost.tool_calls;
  v_wait jsonb;
begin
  if not exists (select from goalpost.rate_limits) then
    return null;
  end if;
  for v_call in
    select c.* from goalpost.tool_calls c
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.number = any (p_numbers) and c.state = 'intended'
     order by c.number
  loop
    v_wait := goalpost_private.take_call_slots(p_step, v_call, p_now);
    if v_wait is not null then
      perform goalpost_private.release_slots(p_step.run_id, p_step.key, 'call', n, p_now) from unnest(p_numbers) n;
      return v_wait;
    end if;
  end loop;
  return null;
end
$$;

-- Records how calls ended: [{"number", "result"} or {"number", "error"}]: intended | running -> done | failed. A call
-- that may not be repeated is done only if this worker began it. What has ended stays as it ended. Raises ZG003.
create function goalpost_private.record_ended_calls(p_step goalpost.steps, p_ended jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_max_bytes constant integer := (select l.max_result_bytes from goalpost_private.limits l);
begin
  if p_ended is null or p_ended = '[]' then
    return;
  end if;
  if jsonb_typeof(p_ended) <> 'array' or jsonb_array_length(p_ended) > 100 then
    perform goalpost_private.refuse('ZG003', 'ended calls must be a list of at most 100');
  end if;
  with told as (
    select distinct on (number) (e.value ->> 'number')::integer as number, e.value ? 'error' as is_failed,
           coalesce(e.value -> 'result', 'null') as result,
           case when e.value ? 'error' then goalpost_private.kept_error(e.value -> 'error')
                when goalpost_private.is_larger_than(e.value -> 'result', v_max_bytes) then
                  jsonb_build_object('code', 'result_too_large', 'retryable', false, 'message', format(
                    'the result has more than %s bytes; ask for less', v_max_bytes)) end as error
      from jsonb_array_elements(p_ended) with ordinality e (value, place)
     order by number, e.place
  )
  update goalpost.tool_calls c
     set state = case when t.error is null then 'done' else 'failed' end,
         result = case when t.error is null then t.result end, error = t.error, ended_at = p_now
    from told t
   where c.run_id = p_step.run_id and c.step_key = p_step.key and c.number = t.number
     and (c.state = 'running' and c.lease_epoch = p_step.lease_epoch
          or c.state = 'intended' and (c.idempotent or t.is_failed));
  if exists (select from goalpost.rate_limits) then
    perform goalpost_private.release_slots(p_step.run_id, p_step.key, 'call', (e.value ->> 'number')::integer, p_now)
       from jsonb_array_elements(p_ended) e;
  end if;
end
$$;

-- Records at once how calls ended. Replies {"calls": […]}, as they are now.
-- Called after calls that may not be repeated. Safe to repeat. Raises ZG003, ZG009. Locks the tree.
create function goalpost_worker.end_calls(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_ended jsonb)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.hold_step(p_run_id, p_step_key, p_lease_epoch);
begin
  perform goalpost_private.record_ended_calls(v_step, p_ended, goalpost_private.clock());
  return jsonb_build_object('calls', (
    select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
      from goalpost.tool_calls c
     where c.run_id = p_run_id and c.step_key = p_step_key
       and c.number in (select (e ->> 'number')::integer from jsonb_array_elements(coalesce(p_ended, '[]')) e)));
end
$$;

-- Records the ended calls that travel with outcomes, before the outcomes are judged. Of outcomes whose lease was lost,
-- nothing. The trees are locked.
create function goalpost_private.record_calls_of_outcomes(p_outcomes jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_held record;
begin
  for v_held in
    select s as step, o.calls
      from jsonb_to_recordset(p_outcomes) o (run_id bigint, step_key text, lease_epoch bigint, calls jsonb)
      join goalpost.steps s on s.run_id = o.run_id and s.key = o.step_key
     where s.state = 'running' and s.lease_epoch = o.lease_epoch and jsonb_typeof(o.calls) = 'array'
  loop
    perform goalpost_private.record_ended_calls(v_held.step, v_held.calls, p_now);
  end loop;
end
$$;

-- Carries out a call that is rows and nothing else, in one transaction with its record: intended -> done | failed |
-- waiting, as the tool's own function says. Replies the call.
-- Called for the tools named here. Safe to repeat: a call that is not intended any more is told and not carried out.
-- Raises ZG003 for a tool that is none of these, ZG009. Locks the tree.
create function goalpost_worker.carry_out_call(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_number integer)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.hold_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_call goalpost.tool_calls;
begin
  select c.* into v_call from goalpost.tool_calls c
   where c.run_id = p_run_id and c.step_key = p_step_key and c.number = p_number;
  if v_call.state = 'intended' then
    case v_call.tool
      when 'ask_human' then perform goalpost_private.carry_out_ask_human(v_step, v_call, v_now);
      when 'delegate' then perform goalpost_private.carry_out_delegate(v_step, v_call, v_now);
      else perform goalpost_private.refuse('ZG003', 'this tool is not carried out in the database');
    end case;
    select c.* into v_call from goalpost.tool_calls c
     where c.run_id = p_run_id and c.step_key = p_step_key and c.number = p_number;
  end if;
  return goalpost_private.describe_call(v_call);
end
$$;

-- Puts a step away until others have done their part: running -> waiting, without a time, while a question to people is
-- open or a step that works for one of its calls; running -> ready at once if nothing is, since it was done meanwhile.
-- Who ends the last of them makes the step ready. Returns the functions to wake. The tree is locked.
create function goalpost_private.wait_for_others(p_step goalpost.steps, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  if goalpost_private.waits_for_others(p_step.run_id, p_step.key) then
    update goalpost.steps
       set state = 'waiting', lease_expires_at = null, started_at = null, run_after = null
     where run_id = p_step.run_id and key = p_step.key;
    perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.waiting', null, p_now);
    return '{}';
  end if;
  update goalpost.steps
     set state = 'ready', lease_expires_at = null, started_at = null, run_after = p_now
   where run_id = p_step.run_id and key = p_step.key;
  return array[goalpost_private.function_of(p_step.kind)];
end
$$;

-- Whether a step has something to read in its journal, or to remember of failed tries. A first claim never has, and
-- costs no look.
create function goalpost_private.is_journaled(p_step goalpost.steps) returns boolean
language sql stable
set search_path = ''
as $$
  select p_step.lease_epoch > 1 and (
           p_step.attempt > 1 and p_step.kind <> 'tool'
           or exists (select from goalpost.step_turns t where t.run_id = p_step.run_id and t.step_key = p_step.key)
           or exists (select from goalpost.tool_calls c where c.run_id = p_step.run_id and c.step_key = p_step.key))
$$;

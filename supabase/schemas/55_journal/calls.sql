-- Returns true if a value is larger than p_bytes as text; null has no size. The stored size is compared first, since a
-- value that is stored compactly may be long as text.
create function goalpost_private.is_larger_than(p_value jsonb, p_bytes integer) returns boolean
language sql stable
set search_path = ''
as $$
  select coalesce(case when pg_column_size(p_value) > 8 * p_bytes then true
                       else octet_length(p_value::text) > p_bytes end, false)
$$;

-- Returns the stored form of an error: a code, a message of at most 4000 characters, and if another attempt may
-- succeed.
create function goalpost_private.kept_error(p_error jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_build_object(
           'code', left(coalesce(p_error ->> 'code', 'unknown'), 200),
           'message', left(coalesce(p_error ->> 'message', 'no reason given'), 4000),
           'retryable', coalesce(p_error -> 'retryable' = 'true', false))
$$;

-- Returns the form of a call that its worker receives.
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

-- Returns the calls of a step that an answer requested (p_turn_number), or those that no answer requested (null).
create function goalpost_private.describe_calls(p_run_id bigint, p_step_key text, p_turn_number integer) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
    from goalpost.tool_calls c
   where c.run_id = p_run_id and c.step_key = p_step_key and c.turn_number is not distinct from p_turn_number
$$;

-- Returns the key of the same call (tool and arguments) in an earlier revision of the run's plan, if its key is not in
-- use in the present one: a new plan does not repeat an effect under another key. Null if there is none.
create function goalpost_private.key_of_earlier_plan(p_step goalpost.steps, p_call goalpost.tool_calls) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  if not p_call.writes or p_step.revision < 2 then
    return null;
  end if;
  return (
    select c.idempotency_key
      from goalpost.steps s
      join goalpost.tool_calls c on c.run_id = s.run_id and c.step_key = s.key
     where s.run_id = p_step.run_id and s.revision < p_step.revision and c.writes and c.state <> 'denied'
       and c.tool = p_call.tool and c.arguments_hash = p_call.arguments_hash
       and not exists (
         select from goalpost.tool_calls o
           join goalpost.steps n on n.run_id = o.run_id and n.key = o.step_key
          where o.run_id = p_step.run_id and o.idempotency_key = c.idempotency_key and n.revision = p_step.revision)
     order by s.revision desc, c.created_at, c.step_key, c.number
     limit 1);
end
$$;

-- Returns a requested call before the decision on it: with frozen arguments, the present properties of its tool, and
-- the key that identifies it outside, for every worker that makes it.
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
  if goalpost_private.is_larger_than(v_arguments, v_max_bytes) then
    v_arguments := '{}';
    v_call.state := 'failed';
    v_call.rule := 'max_argument_bytes';
    v_call.error := jsonb_build_object('code', 'arguments_too_large', 'retryable', false, 'message', format(
      'the arguments have more than %s bytes; send less, or a reference to it', v_max_bytes));
  end if;
  v_call.arguments := v_arguments;
  v_call.arguments_hash := encode(sha256(convert_to(v_arguments::text, 'UTF8')), 'hex');
  v_tool := goalpost_private.find_tool(p_step.workspace_id, v_call.tool);
  v_call.tool_version := coalesce(v_tool.version, 0);
  -- An unknown tool is assumed to be neither idempotent nor read-only.
  v_call.idempotent := coalesce(v_tool.idempotent, false);
  v_call.writes := coalesce(v_tool.writes, true);
  v_call.idempotency_key := coalesce(
    goalpost_private.key_of_earlier_plan(p_step, v_call),
    format('%s/%s/%s', p_step.workspace_id, p_step.run_id, p_step.key)
      || case when p_step.kind = 'tool' then '' else '/' || p_number end);
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

-- Inserts the calls that an answer requests, with the decision on each, and opens an approval for those that wait for a
-- person. Raises ZG003 for an invalid list of calls, or one that is too long.
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

-- Opens an approval for a call that waits for a person.
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

-- Records ended calls: [{"number", "result"} or {"number", "error"}]: intended | running -> done | failed. A call that
-- may not be repeated is done only if this worker began it. Calls that have ended before do not change. Raises ZG003.
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
  with reported as (
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
    from reported t
   where c.run_id = p_step.run_id and c.step_key = p_step.key and c.number = t.number
     and (c.state = 'running' and c.lease_epoch = p_step.lease_epoch
          or c.state = 'intended' and (c.idempotent or t.is_failed));
  if exists (select from goalpost.rate_limits) then
    perform goalpost_private.release_slots(p_step.run_id, p_step.key, 'call', (e.value ->> 'number')::integer, p_now)
       from jsonb_array_elements(p_ended) e;
  end if;
end
$$;

-- Records the ended calls that travel with outcomes, before the outcomes are judged. Calls of outcomes whose lease was
-- lost are not recorded. Expects the trees' locks.
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

-- Settles what the previous workers of a step left open, once it has a new one: a turn in state asked counts as spent
-- with its whole reservation; a running call that may not be repeated becomes an approval, in which a person reports
-- its outcome. asked -> unknown, running -> unknown. Expects the tree's lock.
create function goalpost_private.apply_unknown_outcome(p_step goalpost.steps, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_turn goalpost.step_turns;
  v_call goalpost.tool_calls;
begin
  for v_turn in
    select t.* from goalpost.step_turns t
     where t.run_id = p_step.run_id and t.step_key = p_step.key and t.state = 'asked'
       and t.lease_epoch < p_step.lease_epoch
     order by t.number
  loop
    perform goalpost_private.abandon_turn(
      v_turn, 'its worker is gone and its end is not known; it counts as spent', false, p_now);
  end loop;

  for v_call in
    update goalpost.tool_calls c set state = 'unknown'
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.state = 'running'
       and c.lease_epoch < p_step.lease_epoch
    returning c.*
  loop
    perform goalpost_private.ask_for_outcome(p_step, v_call, p_now);
  end loop;
end
$$;

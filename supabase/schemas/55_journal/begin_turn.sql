-- The journal: a model call or a tool call of a step is a row before it takes effect, so that a step that is claimed
-- again continues where its last worker stopped. The sequence of one turn:
--
--   begin_turn ─> (the model call) ─> end_turn: the answer, and each call that it requests, with frozen arguments
--     a call that may be repeated:   (it is made) ─> its result travels with the next begin_turn, or with the outcome
--     a call that may not:           begin_calls ─> (it is made) ─> end_calls at once
--     a call for people or SQL:      waiting, until they have decided; or carry_out_call
--
-- All functions here lock the step's tree first and then check its lease (lock_leased_step): while they run, the step
-- cannot be taken from its worker. Each is safe to repeat, since its reply may be lost: a repeated call finds its own
-- row and returns it. reserve_turn (money) and decide_call (policy) decide if a call is permitted at all.

-- Refuses an invalid model call (ZG003). An embedding has no output.
create function goalpost_private.refuse_bad_ask(p_ask jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not coalesce(
       p_ask ->> 'purpose' in ('assess', 'plan', 'work', 'judge', 'repair', 'compact', 'embed')
       and length(p_ask ->> 'provider') between 1 and 200 and length(p_ask ->> 'model') between 1 and 200
       and coalesce(length(p_ask ->> 'endpoint'), 0) <= 300
       and p_ask ->> 'request_hash' ~ '^[0-9a-f]{64}$'
       and jsonb_typeof(p_ask -> 'max_input_tokens') = 'number'
       and (p_ask ->> 'max_input_tokens')::numeric between 0 and 1e9
       and jsonb_typeof(p_ask -> 'max_output_tokens') = 'number'
       and (p_ask ->> 'max_output_tokens')::numeric between case p_ask ->> 'purpose' when 'embed' then 0 else 1 end and 1e9, false)
  then
    perform goalpost_private.refuse('ZG003',
      'a model call has a purpose, a provider, a model, a hash, and bounds of its tokens');
  end if;
end
$$;

-- Returns why a step may make no more model calls, as {"refused": …}, or null. Embeddings have a count of their own.
create function goalpost_private.turn_refusal(p_step goalpost.steps, p_is_embedding boolean) returns jsonb
language sql stable
set search_path = ''
as $$
  with turn as (
    select t.* from goalpost.step_turns t
     where t.run_id = p_step.run_id and t.step_key = p_step.key and (t.purpose = 'embed') = p_is_embedding
  ),
  -- The latest turns of this attempt that failed.
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

-- Returns the turn that this worker left open before the next model call: the same call, whose reply was lost, or
-- another one without an end. Embeddings run in parallel, and only match the same call.
create function goalpost_private.turn_under_way(p_step goalpost.steps, p_ask jsonb, out turn goalpost.step_turns, out is_same boolean)
language plpgsql stable
set search_path = ''
as $$
begin
  select t.* into turn from goalpost.step_turns t
   where t.run_id = p_step.run_id and t.step_key = p_step.key and t.state = 'asked'
     and (t.purpose = 'embed') = (p_ask ->> 'purpose' = 'embed')
     and (t.purpose <> 'embed' or t.lease_epoch = p_step.lease_epoch and t.request_hash = p_ask ->> 'request_hash')
   order by t.number desc limit 1;
  is_same := coalesce(
    turn.lease_epoch = p_step.lease_epoch and turn.request_hash = p_ask ->> 'request_hash'
    and turn.provider = p_ask ->> 'provider' and turn.model = p_ask ->> 'model', false);
end
$$;

-- Begins a turn for a chat or an embedding: inserts it in state asked, with the upper bound of its cost reserved.
-- Replies {"number"}, with "capabilities" where some are known of the server at the call's "endpoint"
-- (model_capabilities.sql), or the reason why the call may not be made now: {"wait"}, {"waits_for_person"}, {"refused":
-- {"code", "message"}}. Called before every paid call. Tool calls that ended since (p_ended_calls) are recorded first
-- and in any case. Safe to repeat: the same call of the same worker keeps its number until it ends. Another turn that
-- this worker left without an end becomes unknown. Raises ZG003, ZG009. Locks the tree, then the caps.
create function goalpost_worker.begin_turn(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_ask jsonb, p_ended_calls jsonb default '[]'
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_under_way record;
  v_refusal jsonb;
  v_reserved record;
  v_number integer;
begin
  perform goalpost_private.refuse_bad_ask(p_ask);
  perform goalpost_private.record_ended_calls(v_step, p_ended_calls, v_now);

  v_under_way := goalpost_private.turn_under_way(v_step, p_ask);
  if v_under_way.is_same then
    return jsonb_strip_nulls(jsonb_build_object(
      'number', (v_under_way.turn).number, 'capabilities', goalpost_private.capabilities_for(p_ask, v_now)));
  end if;
  if (v_under_way.turn).number is not null then
    perform goalpost_private.abandon_turn(
      v_under_way.turn, 'its end was never reported; it counts as spent', true, v_now);
  end if;

  v_refusal := goalpost_private.turn_refusal(v_step, p_ask ->> 'purpose' = 'embed');
  if v_refusal is not null then
    return v_refusal;
  end if;
  v_reserved := goalpost_private.reserve_turn(v_step, p_ask, v_now);
  if v_reserved.refusal is not null then
    return v_reserved.refusal;
  end if;
  insert into goalpost.step_turns
    (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash,
     max_input_tokens, max_output_tokens, reserved_microusd, asked_at)
  select p_run_id, p_step_key, coalesce(max(t.number), 0) + 1, v_step.workspace_id, v_step.attempt, v_step.lease_epoch,
         p_ask ->> 'purpose', p_ask ->> 'provider', p_ask ->> 'model', p_ask ->> 'request_hash',
         v_reserved.max_input_tokens, v_reserved.max_output_tokens, v_reserved.reserved_microusd, v_now
    from goalpost.step_turns t
   where t.run_id = p_run_id and t.step_key = p_step_key
  returning number into v_number;
  return jsonb_strip_nulls(jsonb_build_object(
    'number', v_number, 'capabilities', goalpost_private.capabilities_for(p_ask, v_now)));
end
$$;

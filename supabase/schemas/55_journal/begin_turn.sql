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

-- Returns the row of a turn with its end: answered, failed, or unknown (it may have been paid for, and its cost is not
-- known). An answer that comes too late, or is too large to be stored, is discarded; its cost is known. An end without
-- usage counts as the whole reservation unless the provider certainly charged nothing.
create function goalpost_private.turn_end(p_turn goalpost.step_turns, p_end jsonb, p_is_held boolean)
returns goalpost.step_turns
language plpgsql stable
set search_path = ''
as $$
declare
  v_usage constant jsonb := coalesce(p_end -> 'usage', '{}');
  v_has_cost constant boolean := p_end ->> 'charged' is not distinct from 'no' or jsonb_typeof(p_end -> 'usage') is not distinct from 'object';
  v_max_bytes constant integer := (select l.max_result_bytes from goalpost_private.limits l);
begin
  p_turn.input_tokens := least(greatest(coalesce((v_usage ->> 'input_tokens')::numeric, 0), 0), 1e12);
  p_turn.output_tokens := least(greatest(coalesce((v_usage ->> 'output_tokens')::numeric, 0), 0), 1e12);
  p_turn.cached_tokens := least(greatest(coalesce((v_usage ->> 'cached_tokens')::numeric, 0), 0), 1e12);
  p_turn.cache_write_tokens := least(greatest(coalesce((v_usage ->> 'cache_write_tokens')::numeric, 0), 0), 1e12);
  p_turn.reasoning_tokens := least(greatest(coalesce((v_usage ->> 'reasoning_tokens')::numeric, 0), 0), 1e12);
  p_turn.is_estimate := v_usage @> '{"is_estimate": true}';
  if not v_has_cost then
    p_turn.input_tokens := p_turn.max_input_tokens;
    p_turn.output_tokens := p_turn.max_output_tokens;
    p_turn.is_estimate := true;
  end if;
  if p_end ? 'error' then
    p_turn.state := case when v_has_cost then 'failed' else 'unknown' end;
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
  return p_turn;
end
$$;

-- Ends a turn: asked -> answered | failed | unknown. p_end: {"answer", "usage"} or {"error", "charged", "usage"}, where
-- charged is "no" or "unknown" and usage, where it is known or estimated, decides what is booked; "learned" beside them
-- is kept for the next calls to the same server (model_capabilities.sql). Freezes the calls that the answer requests
-- (p_calls: [{"call_id", "tool", "arguments"}]) and decides on each. Replies {"calls": […]}, or {"error"} if the answer
-- could not be stored, or {"lease_lost": true}: then only the cost is booked (raising an error would undo that), even
-- if the turn was already unknown: unknown -> failed.
-- Called after every paid call. Safe to repeat: an ended turn is returned unchanged. Raises ZG003, and ZG009 for a turn
-- that another worker began. Locks the tree.
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

  -- The late end of a turn that a successor abandoned books its cost; its answer is discarded.
  if v_turn.state = 'asked' or (v_turn.state = 'unknown' and not v_is_held) then
    v_turn := goalpost_private.turn_end(v_turn, p_end, v_is_held);
    perform goalpost_private.settle_turn(v_turn, v_is_held, v_now);
    if v_turn.state = 'answered' then
      perform goalpost_private.create_calls(v_step, p_number, p_calls, v_now);
    end if;
    perform goalpost_private.store_capabilities(v_turn, p_end -> 'learned', v_now);
  end if;
  if not v_is_held then
    return '{"lease_lost": true}';
  end if;
  return jsonb_build_object('calls', goalpost_private.describe_calls(p_run_id, p_step_key, p_number))
         || case when v_turn.error is not null then jsonb_build_object('error', v_turn.error) else '{}' end;
end
$$;

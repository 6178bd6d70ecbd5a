-- Decides again on calls that no model requested and that ended an earlier attempt of the step, since the step is
-- retried in order to make them. failed | denied -> intended | waiting | denied, with the same arguments and the same
-- key.
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

-- Freezes the calls of a step that no model requests: the one of a tool's step, or the next of a procedure. p_calls:
-- [{"call_id", "tool", "arguments"}]. A call_id that was frozen before keeps its row, even if the arguments differ; one
-- that failed or was denied at an earlier attempt of the step is decided on again. Replies {"calls": […]} for p_calls.
-- Calls that ended since (p_ended_calls) are recorded first, so that the decision counts their results as read.
-- Called before every call of a procedure, and before the call of a tool's step that writes or that a policy or limit
-- concerns. First settles what the step's previous workers left open.
-- Safe to repeat. Raises ZG003, ZG009. Locks the tree.
create function goalpost_worker.freeze_calls(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_calls jsonb, p_ended_calls jsonb default '[]'
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
begin
  if jsonb_typeof(p_calls) is distinct from 'array' or exists (
    select from jsonb_array_elements(p_calls) a where a.value ->> 'call_id' is null)
  then
    perform goalpost_private.refuse('ZG003', 'calls must be a list, and each needs a call_id');
  end if;
  perform goalpost_private.record_ended_calls(v_step, p_ended_calls, v_now);
  perform goalpost_private.apply_unknown_outcome(v_step, v_now);
  perform goalpost_private.decide_again(v_step, v_now);
  perform goalpost_private.create_calls(v_step, null, coalesce((
    select jsonb_agg(a.value order by a.number) from jsonb_array_elements(p_calls) with ordinality a (value, number)
     where not exists (select from goalpost.tool_calls c
                        where c.run_id = p_run_id and c.step_key = p_step_key and c.turn_number is null
                          and c.call_id = left(a.value ->> 'call_id', 200))), '[]'), v_now);
  return jsonb_build_object('calls', (
    select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
      from goalpost.tool_calls c
     where c.run_id = p_run_id and c.step_key = p_step_key and c.turn_number is null
       and c.call_id in (select left(a.value ->> 'call_id', 200) from jsonb_array_elements(p_calls) a)));
end
$$;

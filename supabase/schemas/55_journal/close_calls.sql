-- The end of calls whose step ended, and their return when a person reopens the run.

-- Closes the open calls of a run (or of one of its steps, with p_step_key) that no worker will end: waiting for a
-- person -> denied; intended, waiting for another step, running, unknown -> failed. The error's `closed_from` keeps the
-- state, for reopen_calls: a call that was running may have acted, and must not be taken for one that did not. Called
-- by end_run and fail_step. Expects the tree's lock.
create function goalpost_private.close_calls(p_run_id bigint, p_step_key text, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  update goalpost.tool_calls c
     set state = case when c.state = 'waiting' and c.works_in_step is null then 'denied' else 'failed' end, ended_at = p_now,
         error = jsonb_build_object('retryable', false, 'closed_from', c.state) || case
           when c.state in ('running', 'unknown') then jsonb_build_object('code', 'outcome_unknown',
             'message', 'the step ended while this call was under way; it may have acted')
           else jsonb_build_object('code', 'step_ended', 'message', 'the step ended before this call did') end
   where c.run_id = p_run_id and (p_step_key is null or c.step_key = p_step_key)
     and c.state in ('intended', 'waiting', 'running', 'unknown')
$$;

-- Opens an approval in which a person reports the outcome of a call that may not be repeated and whose worker was lost.
-- Expects the tree's lock.
create function goalpost_private.ask_for_outcome(p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform goalpost_private.ask_person(
    p_step, 'outcome_unknown', p_call.number,
    format('It is not known whether %s was done: its worker was lost while it was under way. It is not repeated '
           'automatically. Was it done?', p_call.tool),
    jsonb_build_object('tool', p_call.tool, 'arguments', p_call.arguments, 'started_at', p_call.started_at,
                       'idempotency_key', p_call.idempotency_key),
    p_now);
end
$$;

-- Reopens the calls that close_calls closed, under the same numbers, arguments and keys. Running -> unknown, with an
-- approval for its outcome; waiting for another step -> waiting; intended -> intended; waiting for a person -> decided
-- anew. Called by reopen_steps. Expects the tree's lock.
create function goalpost_private.reopen_calls(p_step goalpost.steps, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_call goalpost.tool_calls;
  v_from text;
  v_decided record;
begin
  for v_call in
    select c.* from goalpost.tool_calls c
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.error ? 'closed_from'
     order by c.number
  loop
    v_from := v_call.error ->> 'closed_from';
    v_call.error := null;
    v_call.ended_at := null;
    v_call.state := case when v_from in ('running', 'unknown') then 'unknown'
                         when v_call.works_in_step is not null then 'waiting' else 'intended' end;
    if v_from = 'waiting' and v_call.works_in_step is null then
      v_decided := goalpost_private.decided_call(p_step, v_call, p_now);
      v_call := v_decided.call;
    end if;
    update goalpost.tool_calls c
       set state = v_call.state, rule = v_call.rule, error = v_call.error, ended_at = v_call.ended_at
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.number = v_call.number;
    if v_call.state = 'unknown' then
      perform goalpost_private.ask_for_outcome(p_step, v_call, p_now);
    elsif v_from = 'waiting' and v_call.works_in_step is null then
      perform goalpost_private.ask_for_call(p_step, v_call, v_decided.question, p_now);
    end if;
  end loop;
end
$$;

-- Returns the whole journal of a step: {"turns", "calls", "failures"}, in order. Turns before the last summary (purpose
-- compact) are counted and not returned: the summary replaces them. Embeddings are not among the turns: a vector that
-- is needed again is computed again.
-- Called by a worker whose claim contains "journaled". First settles what the step's previous workers left open, so it
-- is a transition; safe to repeat. Raises ZG009. Locks the tree.
create function goalpost_worker.read_journal(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_summary integer;
begin
  perform goalpost_private.apply_unknown_outcome(v_step, v_now);
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
        from goalpost.step_turns t
       where t.run_id = p_run_id and t.step_key = p_step_key and t.purpose <> 'embed'),
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

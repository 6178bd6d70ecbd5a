-- Ends the calls for which these steps worked: done or failed, with the steps' results. A delegating step that waits
-- for nothing more becomes ready: waiting -> ready. Called by open_dependents. Returns the functions to wake.
create function goalpost_private.answer_delegators(
  p_ended goalpost.steps[], p_delegators goalpost.steps[], p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
  v_functions text[] := '{}';
begin
  update goalpost.tool_calls c
     set state = case s.state when 'completed' then 'done' else 'failed' end,
         result = case s.state when 'completed' then coalesce(s.result, 'null') end,
         error = case when s.state <> 'completed' then coalesce(
           s.error, jsonb_build_object('code', s.state, 'message', 'what was delegated was ' || s.state)) end,
         ended_at = p_now
    from unnest(p_ended) e
    join goalpost.steps s on s.run_id = e.run_id and s.key = e.key
   where c.run_id = s.run_id and c.works_in_step = s.key and c.state = 'waiting'
     and c.step_key in (select d.key from unnest(p_delegators) d where d.run_id = c.run_id);
  foreach v_step in array p_delegators loop
    v_functions := v_functions || goalpost_private.resume_step(v_step.run_id, v_step.key, p_now);
  end loop;
  return v_functions;
end
$$;

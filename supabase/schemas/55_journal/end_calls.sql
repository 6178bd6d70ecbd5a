-- Records ended calls at once. Replies {"calls": […]} in their present state.
-- Called after calls that may not be repeated. Safe to repeat. Raises ZG003, ZG009. Locks the tree.
create function goalpost_worker.end_calls(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_ended jsonb)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
begin
  perform goalpost_private.record_ended_calls(v_step, p_ended, goalpost_private.clock());
  return jsonb_build_object('calls', (
    select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
      from goalpost.tool_calls c
     where c.run_id = p_run_id and c.step_key = p_step_key
       and c.number in (select (e ->> 'number')::integer from jsonb_array_elements(coalesce(p_ended, '[]')) e)));
end
$$;

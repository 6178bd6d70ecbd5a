-- Extends leases and returns which of them are still held: [{"run_id", "step_key", "held"}].
-- Called by every function while it works. Safe to repeat. Does not block: a step whose row another transaction has
-- locked is not extended this time, and the next heartbeat returns its state.
create function goalpost_worker.heartbeat_steps(p_leases jsonb, p_lease_seconds integer) returns jsonb
language plpgsql security definer
set search_path = ''
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now timestamptz := goalpost_private.clock();
begin
  if jsonb_typeof(p_leases) <> 'array' or jsonb_array_length(p_leases) > 100
     or p_lease_seconds is null or p_lease_seconds < 1 or p_lease_seconds > 3600 then
    perform goalpost_private.refuse('ZG003', 'leases must be an array of at most 100, each of 1 to 3600 seconds');
  end if;

  with held as (
    select s.run_id, s.key
      from jsonb_to_recordset(p_leases) l (run_id bigint, step_key text, lease_epoch bigint)
      join goalpost.steps s on s.run_id = l.run_id and s.key = l.step_key
     where s.state = 'running' and s.lease_epoch = l.lease_epoch
       for no key update of s skip locked
  )
  update goalpost.steps s
     set lease_expires_at = v_now + make_interval(secs => p_lease_seconds)
    from held h
   where s.run_id = h.run_id and s.key = h.key;

  return (
    select coalesce(jsonb_agg(jsonb_build_object(
             'run_id', l.run_id, 'step_key', l.step_key,
             'held', coalesce(s.state = 'running' and s.lease_epoch = l.lease_epoch, false))), '[]')
      from jsonb_to_recordset(p_leases) l (run_id bigint, step_key text, lease_epoch bigint)
      left join goalpost.steps s on s.run_id = l.run_id and s.key = l.step_key);
end
$$;

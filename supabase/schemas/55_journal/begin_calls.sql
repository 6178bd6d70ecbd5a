-- Acquires rate limit slots for these calls, all of them or none. Returns null if they have them, or need none.
create function goalpost_private.acquire_rate_limit_slots(p_step goalpost.steps, p_numbers integer[], p_now timestamptz) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_call goalpost.tool_calls;
  v_wait jsonb;
begin
  if not exists (select from goalpost.rate_limits) then
    return null;
  end if;
  for v_call in
    select c.* from goalpost.tool_calls c
     where c.run_id = p_step.run_id and c.step_key = p_step.key and c.number = any (p_numbers) and c.state = 'intended'
     order by c.number
  loop
    v_wait := goalpost_private.acquire_call_slots(p_step, v_call, p_now);
    if v_wait is not null then
      perform goalpost_private.release_slots(p_step.run_id, p_step.key, 'call', n, p_now) from unnest(p_numbers) n;
      return v_wait;
    end if;
  end loop;
  return null;
end
$$;

-- Begins calls: those that may not be repeated go from intended to running, so that the outcome is unknown if their
-- worker dies from here on; those whose tool has a limit acquire their slots. Replies {"calls": […]}: calls in state
-- running, or intended if they may be repeated, may now be made, once; or with "wait", if no call was begun.
-- Called right before such calls. Safe to repeat. Raises ZG009. Locks the tree.
create function goalpost_worker.begin_calls(p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_numbers integer[])
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.lock_leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_now constant timestamptz := goalpost_private.clock();
  v_wait constant jsonb := goalpost_private.acquire_rate_limit_slots(v_step, p_numbers, v_now);
begin
  if v_wait is null then
    update goalpost.tool_calls c
       set state = 'running', lease_epoch = v_step.lease_epoch, started_at = v_now
     where c.run_id = p_run_id and c.step_key = p_step_key and c.number = any (p_numbers)
       and c.state = 'intended' and not c.idempotent;
  end if;
  return coalesce(v_wait, '{}') || jsonb_build_object('calls', (
    select coalesce(jsonb_agg(goalpost_private.describe_call(c) order by c.number), '[]')
      from goalpost.tool_calls c
     where c.run_id = p_run_id and c.step_key = p_step_key and c.number = any (p_numbers)));
end
$$;

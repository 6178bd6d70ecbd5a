-- Suspends a step until reservations of other turns are released: running -> waiting, in the transaction that found the
-- cap full and under the caps' locks, so that no settlement in between is missed. A later outcome of its worker changes
-- nothing. The step is ready again when a settlement frees enough, or after half a minute by the sweep. Called by
-- reserve_turn. Expects the locks of the tree and of the caps.
create function goalpost_private.wait_for_budget(
  p_step goalpost.steps, p_microusd bigint, p_tokens bigint, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.steps s
     set state = 'waiting', lease_expires_at = null, started_at = null, run_after = p_now + interval '30 seconds'
   where s.run_id = p_step.run_id and s.key = p_step.key and s.state = 'running';
  perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.waiting', null, p_now);
  insert into goalpost_private.budget_waiters (run_id, step_key, workspace_id, needs_microusd, needs_tokens, since)
  values (p_step.run_id, p_step.key, p_step.workspace_id, p_microusd, p_tokens, p_now)
  on conflict (run_id, step_key) do update
    set needs_microusd = excluded.needs_microusd, needs_tokens = excluded.needs_tokens, since = excluded.since;
end
$$;

-- Makes the longest waiting steps ready for which there is room now: waiting -> ready, with a wake for their functions.
-- Called where caps get room: by settle_turn, and when a workspace's caps are raised. Safe to repeat. Locks no tree,
-- since the caps' locks come after trees': rows that another transaction has locked are skipped, and their run_after
-- remains as the fallback.
create function goalpost_private.wake_budget_waiters(p_workspace_id uuid, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_waiter record;
  v_microusd bigint := 0;
  v_tokens bigint := 0;
  v_functions text[] := '{}';
  v_kind text;
begin
  for v_waiter in
    select w.*, s.state = 'waiting' and s.run_after is not null as is_waiting
      from goalpost_private.budget_waiters w
      join goalpost.steps s on s.run_id = w.run_id and s.key = w.step_key
     where w.workspace_id = p_workspace_id
     order by w.since, w.run_id, w.step_key
     limit 100
       for update of w skip locked
  loop
    -- v_microusd and v_tokens are the needs of the steps that this loop has made ready.
    continue when v_waiter.is_waiting and not goalpost_private.has_room(
      v_waiter.run_id, p_now, v_waiter.needs_microusd + v_microusd, v_waiter.needs_tokens + v_tokens, true);
    update goalpost.steps s set state = 'ready', run_after = p_now
      from (select f.run_id, f.key from goalpost.steps f
             where f.run_id = v_waiter.run_id and f.key = v_waiter.step_key and f.state = 'waiting' and f.run_after is not null
               for no key update skip locked) f
     where s.run_id = f.run_id and s.key = f.key
    returning s.kind into v_kind;
    if found then
      v_microusd := v_microusd + v_waiter.needs_microusd;
      v_tokens := v_tokens + v_waiter.needs_tokens;
      v_functions := v_functions || goalpost_private.function_of(v_kind);
    end if;
    -- A step that is no longer waiting has resumed otherwise.
    delete from goalpost_private.budget_waiters w where w.run_id = v_waiter.run_id and w.step_key = v_waiter.step_key;
  end loop;
  if cardinality(v_functions) > 0 then
    perform goalpost_private.send_wakes(v_functions, '[]', p_now);
  end if;
end
$$;

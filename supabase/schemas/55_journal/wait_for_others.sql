-- Returns true if a step has to wait: for a person who has not decided, or for a step that works for one of its calls.
create function goalpost_private.waits_for_others(p_run_id bigint, p_step_key text) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (select from goalpost.approvals a
                  where a.run_id = p_run_id and a.step_key = p_step_key and a.state = 'pending')
      or exists (select from goalpost.tool_calls c
                  where c.run_id = p_run_id and c.step_key = p_step_key and c.state = 'waiting'
                    and c.works_in_step is not null)
$$;

-- Suspends a step: running -> waiting, without a time, while it has a pending approval or a step that works for one of
-- its calls; running -> ready if it has neither, because they ended in the meantime. The transaction that ends the last
-- of them makes the step ready. Returns the functions to wake. Expects the tree's lock.
create function goalpost_private.wait_for_others(p_step goalpost.steps, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  if goalpost_private.waits_for_others(p_step.run_id, p_step.key) then
    update goalpost.steps
       set state = 'waiting', lease_expires_at = null, started_at = null, run_after = null
     where run_id = p_step.run_id and key = p_step.key;
    perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.waiting', null, p_now);
    return '{}';
  end if;
  update goalpost.steps
     set state = 'ready', lease_expires_at = null, started_at = null, run_after = p_now
   where run_id = p_step.run_id and key = p_step.key;
  return array[goalpost_private.function_of(p_step.kind)];
end
$$;

-- Resumes a step that has nothing more to wait for: waiting -> ready. A step that waits for a time is left to the
-- sweep, and one that is still running reads the decision with its next call. Returns the functions to wake. Expects
-- the tree's lock.
create function goalpost_private.resume_step(p_run_id bigint, p_step_key text, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_kind text;
begin
  update goalpost.steps s set state = 'ready', run_after = p_now
   where s.run_id = p_run_id and s.key = p_step_key and s.state = 'waiting' and s.run_after is null
     and goalpost_private.function_of(s.kind) is not null
     and not goalpost_private.waits_for_others(s.run_id, s.key)
  returning s.kind into v_kind;
  return array_remove(array[goalpost_private.function_of(v_kind)], null);
end
$$;

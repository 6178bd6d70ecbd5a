-- Returns the function that processes a kind of step; null for kinds that only SQL moves.
create function goalpost_private.function_of(p_kind text) returns text
language sql immutable
set search_path = ''
as $$
  select case p_kind
    when 'assess' then 'intake'
    when 'plan' then 'planner'
    when 'agent' then 'executor'
    when 'tool' then 'executor'
    when 'judge' then 'aggregator'
    when 'analyze' then 'analyzer'
  end
$$;

-- The transition table of steps. The wake for requests that people insert directly is in wake_for_requests.sql.

-- Returns true if a step may go from one state to another: the arrows in the comment of goalpost.steps, as data.
create function goalpost_private.is_step_transition(p_from text, p_to text) returns boolean
language sql immutable
set search_path = ''
as $$
  select case p_from
    when 'pending' then p_to in ('ready', 'running', 'waiting', 'skipped', 'cancelled')
    when 'ready' then p_to in ('running', 'cancelled')
    when 'running' then p_to in ('completed', 'failed', 'ready', 'waiting', 'cancelled')
    when 'waiting' then p_to in ('ready', 'completed', 'failed', 'cancelled')
    when 'failed' then p_to in ('ready', 'waiting')
    when 'cancelled' then p_to = 'pending'
    else false
  end
$$;

-- Refuses an illegal transition of a step by any statement. One transition exists for the judge alone: if it reported
-- on a failed run, it goes from completed back to pending when a person retries that run. An after trigger, because a
-- before trigger locks the row once more, which is written to the log.
create function goalpost_private.refuse_illegal_transition() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not goalpost_private.is_step_transition(old.state, new.state)
     and not (old.kind = 'judge' and old.state = 'completed' and new.state = 'pending') then
    perform goalpost_private.refuse('ZG004',
      format('step %s of run %s cannot go from %s to %s', old.key, old.run_id, old.state, new.state));
  end if;
  return null;
end
$$;

create trigger refuse_illegal_transition
  after update of state on goalpost.steps
  for each row when (old.state is distinct from new.state)
  execute function goalpost_private.refuse_illegal_transition();

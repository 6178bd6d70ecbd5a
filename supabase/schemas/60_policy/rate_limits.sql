-- Returns true if calls of a tool have a limit.
create function goalpost_private.is_limited(p_workspace_id uuid, p_tool text) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (
    select from goalpost.rate_limits l
     where (l.workspace_id is null or l.workspace_id = p_workspace_id) and l.scope = 'tool' and l.name in ('*', p_tool))
$$;

-- Returns true if a policy or a limit concerns a tool, so that every call of it has to be checked, even if it only
-- reads: a step that is such a call uses the journal, like steps that write.
create function goalpost_private.is_regulated(p_workspace_id uuid, p_tool text) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (
           select from goalpost.tool_policies p
            where (p.workspace_id is null or p.workspace_id = p_workspace_id) and p.effect <> 'allow'
              and goalpost_private.fits_pattern(p.tool, p_tool))
      or goalpost_private.is_limited(p_workspace_id, p_tool)
$$;

-- Returns the name of a slot's holder: a turn or a call of a step.
create function goalpost_private.slot_holder(p_run_id bigint, p_step_key text, p_what text, p_number integer) returns text
language sql immutable
set search_path = ''
as $$ select p_run_id || '/' || p_step_key || '/' || p_what || '/' || p_number $$;

-- Acquires a slot of every limit that applies to one of these names ({scope: name}), or none of them. Returns null if
-- they were acquired, otherwise the reply for the worker: {"wait": {"seconds", "reason"}}. Does not block.
create function goalpost_private.acquire_slots(p_workspace_id uuid, p_names jsonb, p_holder text, p_now timestamptz) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_limit goalpost.rate_limits;
  v_seconds double precision;
begin
  -- A repeated call, whose reply was lost, holds its slots already.
  if not exists (select from goalpost.rate_limits)
     or exists (select from goalpost_private.limit_slots s where s.holder = p_holder and s.free_again_at > p_now) then
    return null;
  end if;
  for v_limit in
    select l.* from goalpost.rate_limits l
     where (l.workspace_id is null or l.workspace_id = p_workspace_id)
       and p_names ? l.scope and l.name in ('*', p_names ->> l.scope)
     order by l.id
  loop
    update goalpost_private.limit_slots s
       set free_again_at = p_now + interval '15 minutes', taken_at = p_now, holder = p_holder
      from (select f.limit_id, f.slot from goalpost_private.limit_slots f
             where f.limit_id = v_limit.id and f.free_again_at <= p_now
             order by f.free_again_at
             limit 1
               for update skip locked) f
     where s.limit_id = f.limit_id and s.slot = f.slot;
    if not found then
      update goalpost_private.limit_slots s set free_again_at = p_now, holder = null
       where s.holder = p_holder and s.taken_at = p_now;
      select extract(epoch from min(s.free_again_at) - p_now) into v_seconds
        from goalpost_private.limit_slots s where s.limit_id = v_limit.id;
      return jsonb_build_object('wait', jsonb_build_object(
        'seconds', ceil(least(greatest(v_seconds, 1), 15) * (0.5 + random() / 2)),
        'reason', format('the limit of the %s %s has no room', v_limit.scope, v_limit.name)));
    end if;
  end loop;
  return null;
end
$$;

-- Releases the slots of a turn or a call; each counts until its minimum time is over.
create function goalpost_private.release_slots(
  p_run_id bigint, p_step_key text, p_what text, p_number integer, p_now timestamptz
) returns void
language sql
set search_path = ''
as $$
  update goalpost_private.limit_slots s
     set holder = null, free_again_at = greatest(p_now, s.taken_at + make_interval(secs => l.per_seconds))
    from goalpost.rate_limits l
   where l.id = s.limit_id and s.holder = goalpost_private.slot_holder(p_run_id, p_step_key, p_what, p_number)
$$;

-- Acquires slots for a model call, whose number will be the next of its step. Called by reserve_turn.
create function goalpost_private.acquire_turn_slots(p_step goalpost.steps, p_ask jsonb, p_now timestamptz) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from goalpost.rate_limits) then
    return null;
  end if;
  return goalpost_private.acquire_slots(
    p_step.workspace_id,
    jsonb_strip_nulls(jsonb_build_object(
      'provider', p_ask -> 'provider', 'workspace', p_step.workspace_id,
      'agent', (select a.name from goalpost.agents a where a.id = p_step.agent_id))),
    goalpost_private.slot_holder(p_step.run_id, p_step.key, 'turn', 1 + coalesce(
      (select max(t.number) from goalpost.step_turns t where t.run_id = p_step.run_id and t.step_key = p_step.key), 0)),
    p_now);
end
$$;

-- Acquires slots for a call of a tool. Called before it begins; released with release_slots(…, 'call', number, …).
create function goalpost_private.acquire_call_slots(p_step goalpost.steps, p_call goalpost.tool_calls, p_now timestamptz) returns jsonb
language sql
set search_path = ''
as $$
  select goalpost_private.acquire_slots(
    p_step.workspace_id, jsonb_build_object('tool', p_call.tool),
    goalpost_private.slot_holder(p_step.run_id, p_step.key, 'call', p_call.number), p_now)
$$;

-- Slots for concurrent queries of askers. A slot is an advisory lock that ends with its transaction, so none can leak.

-- Acquires a slot of the project and one of the workspace; returns false if either has none free. Does not block.
create function goalpost_private.acquire_query_slots(p_workspace_id uuid) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_limits goalpost_private.limits := (select l from goalpost_private.limits l);
  -- The first key of the lock's two; the second is the slot's number.
  v_key constant integer := hashtext('goalpost.query');
  v_workspace_key constant integer := hashtext('goalpost.query.' || p_workspace_id);
  v_is_taken boolean := false;
begin
  for v_slot in 1..v_limits.max_queries_per_workspace loop
    v_is_taken := pg_try_advisory_xact_lock(v_workspace_key, v_slot);
    exit when v_is_taken;
  end loop;
  if not v_is_taken then
    return false;
  end if;
  for v_slot in 1..v_limits.max_queries loop
    if pg_try_advisory_xact_lock(v_key, v_slot) then
      return true;
    end if;
  end loop;
  return false;
end
$$;

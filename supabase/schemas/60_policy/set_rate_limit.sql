-- Sets a limit on concurrent calls (goalpost.rate_limits). Null or 0 slots: no limit. Safe to repeat.
-- Raises ZG001, ZG002, ZG003. Definer: people may not write limits.
create function goalpost_private.set_rate_limit(
  p_workspace_id uuid, p_scope text, p_name text, p_slots integer, p_per_seconds integer
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_limit goalpost.rate_limits;
begin
  perform goalpost_private.require_setter(p_workspace_id);
  if coalesce(p_scope, '') not in ('provider', 'workspace', 'agent', 'tool') or coalesce(length(p_name), 0) not between 1 and 200
     or goalpost_private.has_hidden_character(p_name) or coalesce(p_slots, 0) not between 0 and 1000 or coalesce(p_per_seconds, 0) not between 0 and 86400 then
    perform goalpost_private.refuse('ZG003',
      'a limit is of a provider, workspace, agent or tool, by its name or *, with 0 to 1000 places of 0 to 86400 seconds');
  end if;
  if coalesce(p_slots, 0) = 0 then
    delete from goalpost.rate_limits l
     where l.workspace_id is not distinct from p_workspace_id and l.scope = p_scope and l.name = p_name
       and l.per_seconds = coalesce(p_per_seconds, 0);
    return null;
  end if;
  insert into goalpost.rate_limits (workspace_id, scope, name, per_seconds, slots)
  values (p_workspace_id, p_scope, p_name, coalesce(p_per_seconds, 0), p_slots)
  on conflict on constraint one_limit_of_a_key do update set slots = excluded.slots
  returning * into v_limit;
  insert into goalpost_private.limit_slots (limit_id, slot, free_again_at)
  select v_limit.id, n, '-infinity' from generate_series(1, p_slots) n
  on conflict do nothing;
  delete from goalpost_private.limit_slots s where s.limit_id = v_limit.id and s.slot > p_slots;
  return to_jsonb(v_limit);
end
$$;

create function goalpost.set_rate_limit(
  p_workspace_id uuid, p_scope text, p_name text, p_slots integer, p_per_seconds integer default 0
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.set_rate_limit(p_workspace_id, p_scope, p_name, p_slots, p_per_seconds) $$;

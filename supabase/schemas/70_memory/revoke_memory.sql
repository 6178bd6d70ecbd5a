-- Revokes a memory: no step receives it from now on. Called by the person of the memory, and by admins. Safe to repeat.
-- Raises ZG001, ZG002. Definer: people may not write memories.
create function goalpost_private.revoke_memory(p_memory_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_memory goalpost.memories;
begin
  select * into v_memory from goalpost.memories where id = p_memory_id
     and (scope <> 'user' or user_id = (select auth.uid()));
  perform goalpost_private.require_role(
    v_memory.workspace_id, case when v_memory.user_id = auth.uid() then 'member' else 'admin' end);
  update goalpost.memories set trust = 'revoked' where id = p_memory_id;
  return jsonb_build_object('memory_id', p_memory_id, 'trust', 'revoked');
end
$$;

create function goalpost.revoke_memory(p_memory_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.revoke_memory(p_memory_id) $$;

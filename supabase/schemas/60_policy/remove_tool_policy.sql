-- Removes a policy and returns true if it existed. Safe to repeat. Definer: people may not write policies.
create function goalpost_private.remove_tool_policy(p_workspace_id uuid, p_name text) returns boolean
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_setter(p_workspace_id);
  delete from goalpost.tool_policies p where p.workspace_id is not distinct from p_workspace_id and p.name = p_name;
  return found;
end
$$;

create function goalpost.remove_tool_policy(p_workspace_id uuid, p_name text) returns boolean language sql set search_path = ''
as $$ select goalpost_private.remove_tool_policy(p_workspace_id, p_name) $$;

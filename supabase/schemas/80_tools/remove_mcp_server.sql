-- Removes a server with all approvals of its tools. Steps that name its tools fail with a reason. Its secret stays in
-- Vault. Called by admins. Raises ZG001, ZG002. Definer: people may not write the table.
create function goalpost_private.remove_mcp_server(p_workspace_id uuid, p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  delete from goalpost.mcp_servers s where s.workspace_id = p_workspace_id and s.name = p_name;
  if not found then
    perform goalpost_private.refuse('ZG001', format('this workspace has no MCP server %s', p_name));
  end if;
  return jsonb_build_object('name', p_name, 'state', 'removed');
end
$$;

create function goalpost.remove_mcp_server(p_workspace_id uuid, p_name text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.remove_mcp_server(p_workspace_id, p_name) $$;

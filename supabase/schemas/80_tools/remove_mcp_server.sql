-- Removes a server with all approvals of its tools, and its secret: a server that is added later under its name, at another
-- address, must not receive it. Steps that name its tools fail with a reason. Called by admins. Raises ZG001, ZG002.
-- Definer: people may not write the table.
create function goalpost_private.remove_mcp_server(p_workspace_id uuid, p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_server goalpost.mcp_servers;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  delete from goalpost.mcp_servers s where s.workspace_id = p_workspace_id and s.name = p_name returning * into v_server;
  if not found then
    perform goalpost_private.refuse('ZG001', format('this workspace has no MCP server %s', p_name));
  end if;
  delete from vault.secrets s where s.name = goalpost_private.mcp_secret_name(v_server);
  perform goalpost_private.record_secret_change(p_workspace_id, 'mcp.' || p_name, found, false);
  return jsonb_build_object('name', p_name, 'state', 'removed');
end
$$;

create function goalpost.remove_mcp_server(p_workspace_id uuid, p_name text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.remove_mcp_server(p_workspace_id, p_name) $$;

-- Returns the address and the credentials of a server of the step's workspace, with the approved version of the tool
-- that is to be called. Called by the executor's MCP client, for a step it holds: with an approved tool that the step
-- may call, or, without a tool, for a step that may list (mcp_list). Reads only. Raises ZG009, ZG002, ZG001.
create function goalpost_worker.read_mcp_server(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_server text, p_tool text default null
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_name constant text := case when p_tool is null then 'mcp_list' else format('mcp.%s.%s', p_server, p_tool) end;
  v_server goalpost.mcp_servers;
  v_tool goalpost.mcp_tools;
begin
  if v_name = any (goalpost_private.tools_of_step(v_step)) is not true then
    perform goalpost_private.refuse('ZG002', format('this step may not call %s', v_name));
  end if;
  select s.* into v_server from goalpost.mcp_servers s
   where s.workspace_id = v_step.workspace_id and s.name = p_server;
  if not found then
    perform goalpost_private.refuse('ZG001', format('this workspace has no MCP server %s', p_server),
      'an admin adds servers with add_mcp_server');
  end if;
  if p_tool is not null then
    select t.* into v_tool from goalpost.mcp_tools t
     where t.workspace_id = v_step.workspace_id and t.server_id = v_server.id and t.name = p_tool;
    if v_tool.state is distinct from 'approved' then
      perform goalpost_private.refuse('ZG002', format('%s is %s', v_name, coalesce(v_tool.state, 'not known')),
        'an admin looks at it and decides with approve_mcp_tool');
    end if;
  end if;
  return jsonb_build_object(
    'id', v_server.id, 'url', v_server.url, 'auth_header_name', v_server.auth_header_name,
    'auth_secret', case when v_server.auth_header_name is not null then (
      select s.decrypted_secret from vault.decrypted_secrets s where s.name = goalpost_private.mcp_secret_name(v_server)) end,
    'tool_name', coalesce(v_tool.original_name, v_tool.name), 'parameters', v_tool.parameters, 'timeout_seconds', v_tool.timeout_seconds,
    'idempotent', coalesce(v_tool.idempotent, true));
end
$$;

-- Tools of MCP servers, and their approval by a person.
--
-- A server's descriptions of its tools become part of prompts, so they are pinned. A worker records the server's tools
-- (record_mcp_tools); each tool's description and schema have a hash, and only a tool with the approved hash may be
-- named by a plan, described to an agent, or called. A tool that differs at the next listing is `changed` until an
-- admin approves it again.

-- Returns the name of the secret in Vault that has the credentials of a server.
create function goalpost_private.mcp_secret_name(p_server goalpost.mcp_servers) returns text
language sql immutable
set search_path = ''
as $$ select 'goalpost_mcp_' || p_server.workspace_id::text || '_' || p_server.name $$;

-- Returns the tools that a workspace may use, built-in and of its servers, in the shape of goalpost.tools.
create function goalpost_private.tools_of(p_workspace_id uuid) returns setof goalpost.tools
language sql stable
set search_path = ''
as $$
  select t.* from goalpost.tools t
  union all
  select format('mcp.%s.%s', s.name, m.name), m.version, m.description, m.parameters, '{}'::jsonb, m.idempotent, m.writes,
         m.timeout_seconds, m.approval, true, false, m.max_calls_per_step
    from goalpost.mcp_servers s
    join goalpost.mcp_tools m on m.workspace_id = s.workspace_id and m.server_id = s.id
   where s.workspace_id = p_workspace_id and m.state = 'approved'
$$;

-- Returns one of these tools by its name; null if the workspace has none of that name.
create function goalpost_private.find_tool(p_workspace_id uuid, p_name text) returns goalpost.tools
language plpgsql stable
set search_path = ''
as $$
declare
  v_tool goalpost.tools;
begin
  if p_name like 'mcp.%' then
    select t.* into v_tool from goalpost_private.tools_of(p_workspace_id) t where t.name = p_name;
  else
    select t.* into v_tool from goalpost.tools t where t.name = p_name;
  end if;
  return v_tool;
end
$$;

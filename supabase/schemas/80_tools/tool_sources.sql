-- Tools that are not ours: servers that speak MCP, and the tools that a person has approved of them.
--
-- What a server says of a tool is told to models, so it is pinned. A worker records what a server has
-- (record_mcp_tools); a tool's description and schema have a hash, and only what has the hash that a person approved may
-- be named by a plan, told to an agent, or called. What reads otherwise the next time is `changed` until somebody has
-- looked again.

-- Where the credentials of a server are: the name of a secret in Vault, which an operator puts there.
create function goalpost_private.mcp_secret_name(p_server goalpost.mcp_servers) returns text
language sql immutable
set search_path = ''
as $$ select 'goalpost_mcp_' || p_server.workspace_id::text || '_' || p_server.name $$;

-- The tools that a workspace may use, ours and its servers', in the shape of goalpost.tools.
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

-- One of them by its name; null when the workspace has none of that name.
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

-- Adds a server to a workspace. Its tools are unknown until a step lists them (runbook mcp-refresh), and each has to be
-- approved before it is called. Called by admins. Raises ZG001, ZG002, ZG003, ZG004 (the name is taken), ZG006.
-- Definer: people may not write the table.
create function goalpost_private.add_mcp_server(p_workspace_id uuid, p_name text, p_url text, p_auth_header_name text)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_server goalpost.mcp_servers;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  if p_name !~ '^[a-z][a-z0-9_]{0,31}$' is not false then
    perform goalpost_private.refuse('ZG003', 'a server''s name is a lower-case letter, then up to 31 letters, digits or _');
  end if;
  if (p_url ~ '^https?://[^/?#@\s]+(/[^?#@\s]*)?$' and length(p_url) <= 500) is not true then
    perform goalpost_private.refuse('ZG003', 'a server''s address is an https URL without user, query or fragment',
      'credentials go into Vault and travel in a header');
  end if;
  if p_auth_header_name !~ '^[A-Za-z][A-Za-z0-9-]{0,63}$' then
    perform goalpost_private.refuse('ZG003', 'a header''s name is a letter, then up to 63 letters, digits or -');
  end if;
  -- Locks the workspace's row: otherwise two concurrent calls could both pass the check and exceed the cap.
  perform from goalpost.workspaces where id = p_workspace_id for no key update;
  if (select count(*) from goalpost.mcp_servers s where s.workspace_id = p_workspace_id) >= 50 then
    perform goalpost_private.refuse('ZG006', 'a workspace has at most 50 MCP servers', 'remove one first');
  end if;
  insert into goalpost.mcp_servers (workspace_id, name, url, auth_header_name, created_by, created_at)
  values (p_workspace_id, p_name, p_url, p_auth_header_name, auth.uid(), goalpost_private.clock())
  on conflict (workspace_id, name) do nothing
  returning * into v_server;
  if v_server.id is null then
    perform goalpost_private.refuse('ZG004', format('this workspace has an MCP server %s already', p_name),
      'remove it first, which forgets what was approved of it');
  end if;
  return jsonb_build_object('server_id', v_server.id, 'name', v_server.name, 'auth_secret_name', goalpost_private.mcp_secret_name(v_server));
end
$$;

create function goalpost.add_mcp_server(
  p_workspace_id uuid, p_name text, p_url text, p_auth_header_name text default null
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.add_mcp_server(p_workspace_id, p_name, p_url, p_auth_header_name) $$;

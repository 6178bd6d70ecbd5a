-- Secrets of a workspace's tools, in Vault. People write them and see when; no function for people returns a value.

-- Returns the secrets that a workspace's tools can use, by the names that people give them, with their names in Vault:
-- `webhook`, which signs webhooks, and `mcp.<server>`, the credentials of an MCP server that has a header for them.
create function goalpost_private.tool_secrets(p_workspace_id uuid) returns table (name text, vault_name text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select 'webhook', 'goalpost_webhook_' || p_workspace_id::text
  union all
  select 'mcp.' || s.name, goalpost_private.mcp_secret_name(s)
    from goalpost.mcp_servers s where s.workspace_id = p_workspace_id and s.auth_header_name is not null;
end
$$;

-- Writes a secret into Vault, or removes it (null): {"name", "state"}: set, or removed. By admins. Safe to repeat. Raises
-- ZG001, ZG002, ZG003; no message contains the value. Locks the name. Definer: people may not use Vault.
create function goalpost_private.set_tool_secret(p_workspace_id uuid, p_name text, p_secret text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_vault_name text;
  v_id uuid;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  select s.vault_name into v_vault_name from goalpost_private.tool_secrets(p_workspace_id) s where s.name = p_name;
  if v_vault_name is null then
    perform goalpost_private.refuse('ZG001', 'the tools of this workspace use no secret of that name',
      'it is webhook, or mcp.<server> for a server that was added with a header');
  end if;
  if p_name = 'webhook' and p_secret !~ '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$' then
    perform goalpost_private.refuse('ZG003', 'a webhook secret is whsec_ and 24 to 64 bytes in base64');
  elsif length(p_secret) not between 1 and 8192 or p_secret !~ '^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$' then
    perform goalpost_private.refuse('ZG003',
      'a secret has 1 to 8192 printable characters of ASCII, without white space around them');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('goalpost.secret ' || v_vault_name, 0));
  select s.id into v_id from vault.secrets s where s.name = v_vault_name;
  if p_secret is null then
    delete from vault.secrets s where s.id = v_id;
  elsif v_id is null then
    perform vault.create_secret(p_secret, v_vault_name);
  else
    perform vault.update_secret(v_id, p_secret);
  end if;
  perform goalpost_private.record_secret_change(p_workspace_id, p_name, v_id is not null, p_secret is not null);
  return jsonb_build_object('name', p_name, 'state', case when p_secret is null then 'removed' else 'set' end);
end
$$;

-- Writes to the history that a secret was set or removed, without its value.
create function goalpost_private.record_secret_change(p_workspace_id uuid, p_name text, p_was_set boolean, p_is_set boolean)
returns void
language sql
set search_path = ''
as $$
  insert into goalpost.setting_changes (workspace_id, subject, name, before, after, changed_by, changed_at)
  select p_workspace_id, 'secrets', p_name, case when p_was_set then '{}'::jsonb end, case when p_is_set then '{}'::jsonb end,
         auth.uid(), goalpost_private.clock()
   where p_was_set or p_is_set
$$;

create function goalpost.set_tool_secret(p_workspace_id uuid, p_name text, p_secret text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.set_tool_secret(p_workspace_id, p_name, p_secret) $$;

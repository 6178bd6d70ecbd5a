-- Returns the secrets that a workspace's tools can use, in order: [{"name", "set_at"}], where set_at is null for one that is
-- not set. Never a value. By admins. Reads only. Raises ZG001, ZG002. Definer: people may not use Vault.
create function goalpost_private.read_tool_secrets(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  return (
    select jsonb_agg(jsonb_build_object('name', s.name, 'set_at', v.updated_at) order by s.name)
      from goalpost_private.tool_secrets(p_workspace_id) s left join vault.secrets v on v.name = s.vault_name);
end
$$;

create function goalpost.read_tool_secrets(p_workspace_id uuid) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.read_tool_secrets(p_workspace_id) $$;

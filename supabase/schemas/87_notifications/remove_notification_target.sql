-- Removes a target with its messages, and its URL from Vault: {"name", "removed": true}. The caller's own target of this
-- name, or else the workspace's, by admins. Raises ZG001, ZG002. Definer: people may not write targets.
create function goalpost_private.remove_notification_target(p_workspace_id uuid, p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_target constant goalpost.notification_targets := goalpost_private.target_to_change(p_workspace_id, p_name);
begin
  delete from goalpost.notification_targets t where t.id = v_target.id;
  return jsonb_build_object('name', v_target.name, 'removed', true);
end
$$;

create function goalpost.remove_notification_target(p_workspace_id uuid, p_name text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.remove_notification_target(p_workspace_id, p_name) $$;

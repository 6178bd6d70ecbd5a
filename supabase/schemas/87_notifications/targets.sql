-- Targets: their addresses in Vault, and what their functions share.

-- Returns the name in Vault of a target's URL and signing secret. No row chooses it: otherwise one target could receive
-- another's secret.
create function goalpost_private.target_secret_name(p_target_id bigint) returns text
language sql immutable
set search_path = ''
as $$ select 'goalpost_notification_target_' || p_target_id $$;

-- Deletes what Vault has of a target, on every path that deletes the target. Definer: who removes a member may not read
-- Vault.
create function goalpost_private.forget_target_secret() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  delete from vault.secrets s where s.name = goalpost_private.target_secret_name(old.id);
  return null;
end
$$;

create trigger forget_target_secret after delete on goalpost.notification_targets
  for each row execute function goalpost_private.forget_target_secret();

-- Returns a target of this name: the caller's own, or else the workspace's. Refuses where there is none, or where it is
-- the workspace's and the caller is no admin: ZG001, ZG002. Locks the row.
create function goalpost_private.target_to_change(p_workspace_id uuid, p_name text) returns goalpost.notification_targets
language plpgsql
set search_path = ''
as $$
declare
  v_target goalpost.notification_targets;
begin
  perform goalpost_private.require_role(p_workspace_id, 'viewer');
  select t.* into v_target from goalpost.notification_targets t
   where t.workspace_id = p_workspace_id and t.name = p_name and (t.user_id is null or t.user_id = auth.uid())
   order by t.user_id is null limit 1 for update;
  if not found then
    perform goalpost_private.refuse('ZG001', format('there is no target called %s', left(p_name, 100)),
      'goalpost notifications targets lists them');
  elsif v_target.user_id is null then
    perform goalpost_private.require_role(p_workspace_id, 'admin');
  end if;
  return v_target;
end
$$;

-- Describes a target to its owner.
create function goalpost_private.describe_target(p_target goalpost.notification_targets) returns jsonb
language sql immutable
set search_path = ''
as $$
  select to_jsonb(p_target) - 'created_by' - 'workspace_id' - 'id' - 'user_id'
         || jsonb_build_object('target_id', p_target.id, 'shared', p_target.user_id is null)
$$;

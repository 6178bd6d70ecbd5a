-- Makes a person a member, or changes their role. Admins may give roles up to their own. The last owner stays.
-- Definer: people may not write members.
create function goalpost_private.add_member(p_workspace_id uuid, p_user_id uuid, p_role text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  if goalpost_private.role_rank(p_role) is null then
    perform goalpost_private.refuse('ZG003', 'a role is viewer, member, approver, admin or owner');
  end if;
  -- The workspace's row is the lock: two owners cannot demote each other at once.
  perform from goalpost.workspaces where id = p_workspace_id for no key update;
  perform goalpost_private.require_role(p_workspace_id, p_role);
  perform goalpost_private.require_role(
    p_workspace_id, coalesce((select m.role from goalpost.members m
                               where m.workspace_id = p_workspace_id and m.user_id = p_user_id), 'viewer'));
  if not exists (select from auth.users u where u.id = p_user_id) then
    perform goalpost_private.refuse('ZG001', 'there is no such person');
  end if;
  insert into goalpost.members (workspace_id, user_id, role) values (p_workspace_id, p_user_id, p_role)
  on conflict (workspace_id, user_id) do update set role = excluded.role;
  if not exists (select from goalpost.members m where m.workspace_id = p_workspace_id and m.role = 'owner') then
    perform goalpost_private.refuse('ZG004', 'a workspace keeps at least one owner');
  end if;
  return jsonb_build_object('workspace_id', p_workspace_id, 'user_id', p_user_id, 'role', p_role);
end
$$;

create function goalpost.add_member(p_workspace_id uuid, p_user_id uuid, p_role text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.add_member(p_workspace_id, p_user_id, p_role) $$;

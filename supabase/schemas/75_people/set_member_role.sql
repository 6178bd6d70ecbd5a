-- Changes the role of a member. Called by admins, with roles up to their own, for people up to their own role. The last
-- owner stays. The person's open work is cancelled if the new role may not send requests. A person who is no member is
-- invited (invite_member), since membership requires consent. Raises ZG001, ZG002, ZG003, ZG004. Definer: people may
-- not write members.
create function goalpost_private.set_member_role(p_workspace_id uuid, p_user_id uuid, p_role text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role_over(p_workspace_id, p_user_id);
  if goalpost_private.role_rank(p_role) is null then
    perform goalpost_private.refuse('ZG003', 'a role is viewer, member, approver, admin or owner');
  end if;
  perform goalpost_private.require_role(p_workspace_id, p_role);
  update goalpost.members set role = p_role where workspace_id = p_workspace_id and user_id = p_user_id;
  perform goalpost_private.refuse_without_owner(p_workspace_id);
  perform goalpost_private.cancel_departed_work(goalpost_private.departed_runs(), goalpost_private.clock());
  return jsonb_build_object('workspace_id', p_workspace_id, 'user_id', p_user_id, 'role', p_role);
end
$$;

create function goalpost.set_member_role(p_workspace_id uuid, p_user_id uuid, p_role text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.set_member_role(p_workspace_id, p_user_id, p_role) $$;

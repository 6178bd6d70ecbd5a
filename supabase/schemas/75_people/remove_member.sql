-- Removes a member and cancels the member's open work. Called by admins, for people up to their own role. The last
-- owner stays. Raises ZG001, ZG002, ZG004. Definer: people may not write members.
create function goalpost_private.remove_member(p_workspace_id uuid, p_user_id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role_over(p_workspace_id, p_user_id);
  delete from goalpost.members where workspace_id = p_workspace_id and user_id = p_user_id;
  perform goalpost_private.refuse_without_owner(p_workspace_id);
  perform goalpost_private.cancel_departed_work(goalpost_private.departed_runs(), goalpost_private.clock());
  return jsonb_build_object('workspace_id', p_workspace_id, 'user_id', p_user_id);
end
$$;

create function goalpost.remove_member(p_workspace_id uuid, p_user_id uuid) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.remove_member(p_workspace_id, p_user_id) $$;

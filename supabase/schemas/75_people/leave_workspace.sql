-- Leaves a workspace; the caller's open work is cancelled. The last owner stays. Raises ZG001, ZG002, ZG004.
-- Definer: people may not write members.
create function goalpost_private.leave_workspace(p_workspace_id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role(p_workspace_id, 'viewer');
  perform from goalpost.workspaces where id = p_workspace_id for no key update;
  delete from goalpost.members where workspace_id = p_workspace_id and user_id = auth.uid();
  perform goalpost_private.refuse_without_owner(p_workspace_id);
  perform goalpost_private.cancel_departed_work(goalpost_private.departed_runs(), goalpost_private.clock());
  return jsonb_build_object('workspace_id', p_workspace_id, 'user_id', auth.uid());
end
$$;

create function goalpost.leave_workspace(p_workspace_id uuid) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.leave_workspace(p_workspace_id) $$;

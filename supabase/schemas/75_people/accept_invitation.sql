-- Accepts an invitation: the caller becomes a member with its role. An existing member keeps their role. An invitation
-- by e-mail address requires that the caller's confirmed address is the same. Raises ZG001 (no such invitation for the
-- caller, or expired), ZG002, ZG004 (its inviter may not give this role any more). Definer: people may not write
-- members.
create function goalpost_private.accept_invitation(p_invitation_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_invitation goalpost.invitations;
  v_inviter text;
begin
  if auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  end if;
  delete from goalpost.invitations i
   where i.id = p_invitation_id and (i.user_id = auth.uid() or i.email = goalpost_private.my_email())
     and i.expires_at > goalpost_private.clock()
  returning * into v_invitation;
  if not found then
    perform goalpost_private.refuse('ZG001', 'there is no such invitation for you');
  end if;
  -- Locks the workspace's row, so that the inviter cannot be demoted at the same time.
  perform from goalpost.workspaces where id = v_invitation.workspace_id for no key update;
  select m.role into v_inviter from goalpost.members m
   where m.workspace_id = v_invitation.workspace_id and m.user_id = v_invitation.invited_by;
  if (goalpost_private.role_rank(v_inviter)
      >= greatest(goalpost_private.role_rank('admin'), goalpost_private.role_rank(v_invitation.role))) is not true then
    perform goalpost_private.refuse('ZG004', 'the person who invited you may not give this role any more', 'ask for another invitation');
  end if;
  insert into goalpost.members (workspace_id, user_id, role)
  values (v_invitation.workspace_id, auth.uid(), v_invitation.role)
  on conflict (workspace_id, user_id) do nothing;
  return (
    select jsonb_build_object('workspace_id', m.workspace_id, 'user_id', m.user_id, 'role', m.role)
      from goalpost.members m where m.workspace_id = v_invitation.workspace_id and m.user_id = auth.uid());
end
$$;

create function goalpost.accept_invitation(p_invitation_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.accept_invitation(p_invitation_id) $$;

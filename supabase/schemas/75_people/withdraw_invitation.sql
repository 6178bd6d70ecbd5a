-- Withdraws or declines an invitation. Called by admins of the workspace, and by the invited person. Raises ZG001,
-- ZG002. Definer: people may not write invitations.
create function goalpost_private.withdraw_invitation(p_invitation_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
begin
  if auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  end if;
  delete from goalpost.invitations i
   where i.id = p_invitation_id
     and (i.user_id = auth.uid() or i.email = goalpost_private.my_email()
          or i.workspace_id in (select goalpost_private.my_workspaces('admin')));
  if not found then
    perform goalpost_private.refuse('ZG001', 'there is no such invitation, or it is not yours to withdraw');
  end if;
  return jsonb_build_object('invitation_id', p_invitation_id);
end
$$;

create function goalpost.withdraw_invitation(p_invitation_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.withdraw_invitation(p_invitation_id) $$;

-- Returns the caller's confirmed e-mail address; null if there is none. Definer: people may not read auth.users.
create function goalpost_private.my_email() returns text
language sql stable security definer
set search_path = ''
as $$
  select lower(u.email) from auth.users u where u.id = (select auth.uid()) and u.email_confirmed_at is not null
$$;

-- Invites a person (user id or e-mail address) into a workspace, for two weeks. Called by admins, with roles up to
-- their own. The reply is the same for people without an account and for members. Safe to repeat: the invitation has
-- the role of the last call. Raises ZG001, ZG002, ZG003, ZG006. Definer: people may not write invitations.
create function goalpost_private.invite_member(p_workspace_id uuid, p_person text, p_role text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_person constant text := lower(trim(p_person));
  v_is_id constant boolean := v_person ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
  v_invitation goalpost.invitations;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  if goalpost_private.role_rank(p_role) is null then
    perform goalpost_private.refuse('ZG003', 'a role is viewer, member, approver, admin or owner');
  end if;
  if (v_is_id or v_person ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(v_person) <= 254) is not true then
    perform goalpost_private.refuse('ZG003', 'a person is invited by user id or e-mail address');
  end if;
  -- Locks the workspace's row: otherwise two concurrent calls could both pass the check and exceed the cap.
  perform from goalpost.workspaces where id = p_workspace_id for no key update;
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  perform goalpost_private.require_role(p_workspace_id, p_role);
  delete from goalpost.invitations i where i.workspace_id = p_workspace_id and i.expires_at <= v_now;
  insert into goalpost.invitations (workspace_id, workspace_name, email, user_id, role, invited_by, created_at, expires_at)
  select w.id, w.name, case when not v_is_id then v_person end, case when v_is_id then v_person::uuid end, p_role, auth.uid(),
         v_now, v_now + interval '14 days'
    from goalpost.workspaces w where w.id = p_workspace_id
  on conflict on constraint one_invitation_per_person do update
    set role = excluded.role, invited_by = excluded.invited_by, expires_at = excluded.expires_at
  returning * into v_invitation;
  if (select count(*) from goalpost.invitations i where i.workspace_id = p_workspace_id)
     > (select l.max_invitations from goalpost_private.limits l) then
    perform goalpost_private.refuse('ZG006', 'the workspace has too many open invitations', 'withdraw some first');
  end if;
  return jsonb_build_object('invitation_id', v_invitation.id, 'workspace_id', p_workspace_id, 'person', v_person,
                            'role', p_role, 'expires_at', v_invitation.expires_at);
end
$$;

create function goalpost.invite_member(p_workspace_id uuid, p_person text, p_role text default 'member') returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.invite_member(p_workspace_id, p_person, p_role) $$;

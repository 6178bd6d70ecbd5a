-- The caller's identity and rights. People may not write rows of work, so the functions that they call are definer
-- functions in the private schema; each checks its caller itself.

-- Returns the rank of a role; null for no role at all.
create function goalpost_private.role_rank(p_role text) returns integer
language sql immutable
set search_path = ''
as $$
  select array_position(array['viewer', 'member', 'approver', 'admin', 'owner'], p_role)
$$;

-- Returns the caller's workspaces in which their role is at least p_least_role. Policies call it once per statement.
-- Definer: members itself is under row-level security.
create function goalpost_private.my_workspaces(p_least_role text default 'viewer') returns setof uuid
language sql stable security definer
set search_path = ''
as $$
  select m.workspace_id from goalpost.members m
   where m.user_id = (select auth.uid())
     and goalpost_private.role_rank(m.role) >= goalpost_private.role_rank(p_least_role)
$$;

-- Returns true if the caller is a project admin. Definer: project_admins is under row-level security.
create function goalpost_private.am_project_admin() returns boolean
language sql stable security definer
set search_path = ''
as $$
  select exists (select from goalpost.project_admins a where a.user_id = (select auth.uid()))
$$;

-- Returns true if the caller may decide approvals of this role in this workspace. Definer: members is under row-level
-- security.
create function goalpost_private.may_decide(p_workspace_id uuid, p_required_role text) returns boolean
language sql stable security definer
set search_path = ''
as $$
  select p_workspace_id in (select goalpost_private.my_workspaces(p_required_role))
$$;

-- Refuses unless the caller is signed in and has at least this role in the workspace. A workspace of others is refused
-- like one that does not exist.
create function goalpost_private.require_role(p_workspace_id uuid, p_least_role text) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  v_role text := (select m.role from goalpost.members m
                   where m.workspace_id = p_workspace_id and m.user_id = auth.uid());
begin
  if auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  end if;
  if v_role is null then
    perform goalpost_private.refuse('ZG001', 'there is no such thing, or it is not yours to see');
  end if;
  if goalpost_private.role_rank(v_role) < goalpost_private.role_rank(p_least_role) then
    perform goalpost_private.refuse('ZG002', format('this needs the role %s; yours is %s', p_least_role, v_role),
      'an admin or owner of the workspace can change it');
  end if;
end
$$;

-- Refuses unless the caller may change the settings of a workspace: its admins; for all workspaces (null): project
-- admins.
create function goalpost_private.require_setter(p_workspace_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if p_workspace_id is not null then
    perform goalpost_private.require_role(p_workspace_id, 'admin');
  elsif auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  elsif not goalpost_private.am_project_admin() then
    perform goalpost_private.refuse('ZG002', 'what holds for all workspaces is set by project admins',
      'name a workspace, or ask a project admin');
  end if;
end
$$;

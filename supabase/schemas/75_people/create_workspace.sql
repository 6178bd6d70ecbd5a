-- Makes a workspace; the caller owns it. Raises ZG006 beyond the cap of one person: each workspace has a cap of open
-- requests, so that without one on workspaces there would be none. Definer: people may not write members.
create function goalpost_private.create_workspace(p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_workspace_id uuid;
begin
  if auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  end if;
  if coalesce(length(trim(p_name)), 0) not between 1 and 200 then
    perform goalpost_private.refuse('ZG003', 'a workspace has a name of 1 to 200 characters');
  end if;
  -- The person is the lock: two calls at once do not both find room for one more.
  perform pg_advisory_xact_lock(hashtextextended('goalpost.create_workspace.' || auth.uid(), 0));
  if (select count(*) from goalpost.workspaces w where w.created_by = auth.uid())
     >= (select l.max_workspaces_per_person from goalpost_private.limits l) then
    perform goalpost_private.refuse('ZG006', 'you have made as many workspaces as one person may',
      'use one of them, or ask a project admin');
  end if;
  insert into goalpost.workspaces (name, created_by) values (trim(p_name), auth.uid()) returning id into v_workspace_id;
  insert into goalpost.members (workspace_id, user_id, role) values (v_workspace_id, auth.uid(), 'owner');
  return jsonb_build_object('workspace_id', v_workspace_id);
end
$$;

create function goalpost.create_workspace(p_name text) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.create_workspace(p_name) $$;

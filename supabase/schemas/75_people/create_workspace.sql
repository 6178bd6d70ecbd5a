-- Returns what is wrong with the name of a workspace; null if nothing is.
create function goalpost_private.workspace_name_problem(p_name text) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when coalesce(length(goalpost_private.trimmed(p_name)), 0) not between 1 and 200 then 'a workspace has a name of 1 to 200 characters'
    when goalpost_private.has_hidden_character(goalpost_private.trimmed(p_name))
    then 'the name of a workspace has no control characters and none that change the direction of text' end
$$;

-- Creates a workspace with the caller as its owner. Its monthly caps are the project's grant for new workspaces,
-- reduced to the rest of the person's share: zero, until a project admin sets one (set_project_limits) or grants more
-- (grant_budget). A workspace of a project admin has the defaults. Raises ZG002 if only project admins may create
-- workspaces, ZG006 beyond the cap per person: each workspace has a cap of open requests, which would be ineffective
-- with unlimited workspaces. Definer: people may not write members.
create function goalpost_private.create_workspace(p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_limits goalpost_private.limits;
  v_is_operator constant boolean := goalpost_private.am_project_admin();
  v_given record;
  v_workspace_id uuid;
begin
  if auth.uid() is null then
    perform goalpost_private.refuse('ZG002', 'sign in first');
  end if;
  if goalpost_private.workspace_name_problem(p_name) is not null then
    perform goalpost_private.refuse('ZG003', goalpost_private.workspace_name_problem(p_name));
  end if;
  -- An advisory lock for the person: otherwise two concurrent calls could both pass the check, or receive the same
  -- money.
  perform pg_advisory_xact_lock(hashtextextended('goalpost.create_workspace.' || auth.uid(), 0));
  select * into v_limits from goalpost_private.limits;
  if not (v_limits.workspaces_by_anyone or v_is_operator) then
    perform goalpost_private.refuse('ZG002', 'workspaces are made by project admins here', 'ask a project admin for one');
  end if;
  select count(*) as workspaces, coalesce(sum(w.granted_month_microusd), 0) as microusd,
         coalesce(sum(w.granted_month_tokens), 0) as tokens
    into v_given from goalpost.workspaces w where w.created_by = auth.uid();
  if v_given.workspaces >= v_limits.max_workspaces_per_person then
    perform goalpost_private.refuse('ZG006', 'you have made as many workspaces as one person may',
      'use one of them, or ask a project admin');
  end if;
  insert into goalpost.workspaces (name, created_by) values (goalpost_private.trimmed(p_name), auth.uid()) returning id into v_workspace_id;
  if not v_is_operator then
    perform goalpost_private.give_budget(v_workspace_id,
      least(v_limits.new_workspace_month_microusd, greatest(v_limits.person_month_microusd - v_given.microusd, 0))::bigint,
      least(v_limits.new_workspace_month_tokens, greatest(v_limits.person_month_tokens - v_given.tokens, 0))::bigint,
      goalpost_private.clock());
  end if;
  insert into goalpost.members (workspace_id, user_id, role) values (v_workspace_id, auth.uid(), 'owner');
  return jsonb_build_object('workspace_id', v_workspace_id);
end
$$;

create function goalpost.create_workspace(p_name text) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.create_workspace(p_name) $$;

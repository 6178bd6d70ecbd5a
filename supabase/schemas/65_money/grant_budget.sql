-- Grants a workspace this much for a month, and sets the month's caps to it, open ones included.
create function goalpost_private.give_budget(p_workspace_id uuid, p_microusd bigint, p_tokens bigint, p_now timestamptz)
returns goalpost.workspaces
language plpgsql
set search_path = ''
as $$
declare
  v_workspace goalpost.workspaces;
begin
  update goalpost.workspaces w
     set granted_month_microusd = p_microusd, granted_month_tokens = p_tokens,
         workspace_month_microusd = p_microusd, workspace_month_tokens = p_tokens
   where w.id = p_workspace_id
  returning * into v_workspace;
  perform goalpost_private.move_open_caps(v_workspace, '{"workspace_month_microusd": 0, "workspace_month_tokens": 0}', p_now);
  return v_workspace;
end
$$;

-- Grants a workspace money and tokens for a month; its admins may set the month's caps up to that. Called by project
-- admins, members of the workspace or not. Safe to repeat. Raises ZG001, ZG002, ZG003. Definer: people may not write
-- workspaces.
create function goalpost_private.grant_budget(p_workspace_id uuid, p_month_microusd bigint, p_month_tokens bigint)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_workspace goalpost.workspaces;
begin
  perform goalpost_private.require_setter(null);
  if (least(p_month_microusd, p_month_tokens) >= 0 and greatest(p_month_microusd, p_month_tokens) <= 1000000000000
      and num_nulls(p_month_microusd, p_month_tokens) = 0) is not true then
    perform goalpost_private.refuse('ZG003', 'a grant is 0 to 1000000000000 micro-dollars, and as many tokens');
  end if;
  v_workspace := goalpost_private.give_budget(p_workspace_id, p_month_microusd, p_month_tokens, goalpost_private.clock());
  if v_workspace.id is null then
    perform goalpost_private.refuse('ZG001', 'there is no such workspace');
  end if;
  return jsonb_build_object('workspace_id', v_workspace.id, 'granted_month_microusd', v_workspace.granted_month_microusd,
                            'granted_month_tokens', v_workspace.granted_month_tokens);
end
$$;

create function goalpost.grant_budget(p_workspace_id uuid, p_month_microusd bigint, p_month_tokens bigint) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.grant_budget(p_workspace_id, p_month_microusd, p_month_tokens) $$;

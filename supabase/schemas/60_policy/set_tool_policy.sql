-- Creates a policy for a tool, or changes the one of this name. p_tool may contain `*`; without an agent it applies to
-- all. Safe to repeat. Raises ZG001, ZG002, ZG003. Definer: people may not write policies.
create function goalpost_private.set_tool_policy(
  p_workspace_id uuid, p_name text, p_tool text, p_effect text, p_agent text, p_even_if_tainted boolean, p_position integer
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_policy goalpost.tool_policies;
begin
  perform goalpost_private.require_setter(p_workspace_id);
  if coalesce(length(trim(p_name)), 0) not between 1 and 100
     or goalpost_private.has_hidden_character(concat_ws(' ', p_name, p_tool, p_agent)) or length(p_agent) not between 1 and 100 or coalesce(length(p_tool), 0) not between 1 and 200
     or coalesce(p_effect, '') not in ('allow', 'needs_approval', 'deny')
     -- The rules of decide_call and of frozen_call.
     or trim(p_name) in ('none', 'default', 'control', 'invalid_write', 'repeats', 'taint', 'tool_approval', 'approved_before',
                         'mcp_tool_not_approved', 'unknown_tool', 'not_listed', 'loop', 'max_calls_per_step', 'max_argument_bytes') then
    perform goalpost_private.refuse('ZG003',
      'a policy has a name that no built-in rule has (1 to 100 characters), a tool (or a pattern with *) and an effect: allow, needs_approval or deny',
      'names of policies, tools and agents have no control characters and none that change the direction of text');
  end if;
  insert into goalpost.tool_policies (workspace_id, name, agent, tool, effect, even_if_tainted, position)
  values (p_workspace_id, trim(p_name), p_agent, p_tool, p_effect, coalesce(p_even_if_tainted, false), coalesce(p_position, 100))
  on conflict on constraint one_policy_of_a_name do update
    set agent = excluded.agent, tool = excluded.tool, effect = excluded.effect, even_if_tainted = excluded.even_if_tainted,
        position = excluded.position
  returning * into v_policy;
  return to_jsonb(v_policy);
end
$$;

-- The exposed wrappers: invoker functions.
create function goalpost.set_tool_policy(
  p_workspace_id uuid, p_name text, p_tool text, p_effect text, p_agent text default null,
  p_even_if_tainted boolean default false, p_position integer default 100
) returns jsonb language sql set search_path = ''
as $$
  select goalpost_private.set_tool_policy(p_workspace_id, p_name, p_tool, p_effect, p_agent, p_even_if_tainted, p_position)
$$;

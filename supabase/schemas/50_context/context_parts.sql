-- How tools are described to a model: those of these names; null: all that a step may be, which control tools are not,
-- and that can do anything in the workspace.
create function goalpost_private.describe_tools(p_workspace_id uuid, p_names text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  -- Most agents have none of a server's tools, and then servers need not be looked at.
  if not exists (select from unnest(p_names) n where starts_with(n, 'mcp.')) and p_names is not null then
    return (select coalesce(jsonb_agg(to_jsonb(t) order by t.name), '[]') from goalpost.tools t where t.name = any (p_names));
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.name), '[]')
      from goalpost_private.tools_of(p_workspace_id) t
      left join goalpost.workspaces w on w.id = p_workspace_id
     where case when p_names is null then not t.control and goalpost_private.has_use_for(w, t.name)
                else t.name = any (p_names) end);
end
$$;

create function goalpost_private.describe_goal(p_goal_id bigint) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select jsonb_build_object(
           'goal_id', g.id, 'title', g.title, 'description', g.description, 'goal_type', g.goal_type,
           'depth', g.depth, 'context', g.context,
           'criteria', (select coalesce(jsonb_agg(jsonb_build_object(
                                  'number', c.number, 'description', c.description, 'check', c.check_expression)
                                  order by c.number), '[]')
                          from goalpost.goal_criteria c where c.goal_id = g.id))
    from goalpost.goals g where g.id = p_goal_id);
end
$$;

-- Whether there is anything that a step might be told of what is remembered: without it, it does not ask.
create function goalpost_private.context_of_memory(p_workspace_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select case when exists (select from goalpost.memories m where m.workspace_id = p_workspace_id)
              then '{"remembers": true}'::jsonb else '{}' end
$$;

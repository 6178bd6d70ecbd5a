-- Returns the descriptions of tools for a model: of these names, or (null) of all tools that a step may be and that can
-- be used in the workspace, which excludes control tools.
create function goalpost_private.describe_tools(p_workspace_id uuid, p_names text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  -- Most agents have no tool of a server, and then the servers need not be read.
  if not exists (select from unnest(p_names) n where starts_with(n, 'mcp.')) and p_names is not null then
    return (select coalesce(jsonb_agg(to_jsonb(t) order by t.name), '[]') from goalpost.tools t where t.name = any (p_names));
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.name), '[]')
      from goalpost_private.tools_of(p_workspace_id) t
      left join goalpost.workspaces w on w.id = p_workspace_id
     where case when p_names is null then not t.control and goalpost_private.is_usable_tool(w, t.name)
                else t.name = any (p_names) end);
end
$$;

-- Describes a goal with its criteria; null for a run without a goal.
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
                                  'number', c.number, 'description', c.description, 'check', c.check_definition)
                                  order by c.number), '[]')
                          from goalpost.goal_criteria c where c.goal_id = g.id))
    from goalpost.goals g where g.id = p_goal_id);
end
$$;

-- Returns {"remembers": true} if the workspace has any memories, else {}: without it, the worker skips the recall.
create function goalpost_private.context_of_memory(p_workspace_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select case when exists (select from goalpost.memories m where m.workspace_id = p_workspace_id)
              then '{"remembers": true}'::jsonb else '{}' end
$$;

-- Publishes one version of a built-in runbook; the newest version becomes the active one.
-- Called by migrations and by a deploy. Safe to repeat: the same name and version is replaced, and its vectors, which are
-- of the earlier texts, are removed.
create function goalpost_private.publish_builtin_runbook(
  p_name text, p_version integer, p_title text, p_description text, p_goal_type text,
  p_examples text[], p_requires_project_admin boolean, p_plan jsonb, p_parameters jsonb default '{}'
) returns bigint
language sql
set search_path = ''
as $$
  update goalpost.runbooks set state = 'retired'
   where workspace_id is null and name = p_name and version < p_version;

  delete from goalpost.runbook_embeddings e using goalpost.runbooks b
   where b.id = e.runbook_id and b.workspace_id is null and b.name = p_name and b.version = p_version
     and (b.title, b.description, b.examples) is distinct from (p_title, p_description, p_examples);

  insert into goalpost.runbooks as r
    (name, version, title, description, goal_type, examples, requires_project_admin, plan, parameters, author)
  values
    (p_name, p_version, p_title, p_description, p_goal_type, p_examples, p_requires_project_admin, p_plan, p_parameters, 'built_in')
  on conflict on constraint one_version_of_a_runbook do update
    set title = excluded.title, description = excluded.description, goal_type = excluded.goal_type,
        examples = excluded.examples, requires_project_admin = excluded.requires_project_admin, plan = excluded.plan,
        parameters = excluded.parameters
  returning r.id;
$$;

-- Schemas that the asker's SQL may name: the workspace's; for a project admin the catalog too.
create function goalpost_private.readable_schemas(p_workspace_id uuid, p_user_id uuid) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select w.readable_schemas
         || case when exists (select from goalpost.project_admins a where a.user_id = p_user_id)
                 then array['pg_catalog', 'information_schema'] else '{}' end
    from goalpost.workspaces w where w.id = p_workspace_id);
end
$$;

-- Tables of the workspace's schemas that signed-in people may read, with their columns: what a planner may build on.
create function goalpost_private.readable_tables(p_workspace_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'schema', t.schema, 'name', t.name, 'estimated_rows', t.estimated_rows, 'columns', t.columns)
           order by t.schema, t.name), '[]')
    from (
      select n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::bigint as estimated_rows,
             (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                               order by a.attnum)
                from pg_catalog.pg_attribute a
               where a.attrelid = c.oid and a.attnum between 1 and 40 and not a.attisdropped) as columns
        from goalpost.workspaces w
        join pg_catalog.pg_namespace n on n.nspname = any (w.readable_schemas)
        join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
       where w.id = p_workspace_id and has_table_privilege('authenticated', c.oid, 'select')
       order by n.nspname, c.relname
       limit 60) t
$$;

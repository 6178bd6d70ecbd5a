-- Returns the background that a model needs before it starts: {"workspace", "asker", "local_now"}. For steps that a
-- model may process. The name comes from the account, so it is passed as data. Writable tables are listed with their
-- operations.
create function goalpost_private.context_of_workspace(p_run goalpost.workflow_runs, p_now timestamptz) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select jsonb_build_object(
           'workspace', jsonb_build_object(
             'time_zone', w.time_zone, 'currency', w.currency, 'webhook_hosts', w.webhook_hosts, 'http_hosts', w.http_hosts,
             'email_domains', w.email_domains,
             'writable_tables', (
               select coalesce(jsonb_agg(format('%I.%I (%s)', t.schema_name, t.table_name, array_to_string(t.operations, ', '))
                                         order by t.schema_name, t.table_name), '[]')
                 from goalpost.writable_tables t where t.workspace_id = w.id)),
           'asker', jsonb_build_object(
             'name', (select left(coalesce(nullif(u.raw_user_meta_data ->> 'full_name', ''), u.raw_user_meta_data ->> 'name'), 100)
                        from auth.users u where u.id = p_run.user_id),
             'role', (select m.role from goalpost.members m where m.workspace_id = w.id and m.user_id = p_run.user_id)),
           'local_now', to_char(p_now at time zone w.time_zone, 'FMDay, YYYY-MM-DD HH24:MI:SS') || ' ' || w.time_zone)
    from goalpost.workspaces w where w.id = p_run.workspace_id);
end
$$;

-- Returns true if a built-in tool can be used in a workspace: tools that act outside need an entry in its lists.
create function goalpost_private.is_usable_tool(p_workspace goalpost.workspaces, p_tool text) returns boolean
language sql stable
set search_path = ''
as $$
  select case p_tool
    when 'webhook' then p_workspace.webhook_hosts <> '{}'
    when 'http' then p_workspace.http_hosts <> '{}'
    when 'email' then p_workspace.email_domains <> '{}'
    when 'mcp_list' then exists (select from goalpost.mcp_servers m where m.workspace_id = p_workspace.id)
    -- Only their runbooks use these tools, and those are started by name.
    when 'embed_memories' then false
    when 'period_report' then false
    when 'table_write' then exists (select from goalpost.writable_tables t where t.workspace_id = p_workspace.id)
    else true end
$$;

-- What a colleague would know before the first word: {"workspace", "asker", "local_now"}. For steps that a model may work
-- on; the name is the account's own and comes as data. Tables are named with what the tools may do there.
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

-- Whether a tool of ours can do anything in a workspace: where it may act is listed there.
create function goalpost_private.has_use_for(p_workspace goalpost.workspaces, p_tool text) returns boolean
language sql stable
set search_path = ''
as $$
  select case p_tool
    when 'webhook' then p_workspace.webhook_hosts <> '{}'
    when 'http' then p_workspace.http_hosts <> '{}'
    when 'email' then p_workspace.email_domains <> '{}'
    when 'mcp_list' then exists (select from goalpost.mcp_servers m where m.workspace_id = p_workspace.id)
    -- Its runbook is started by its name.
    when 'embed_memories' then false
    when 'table_write' then exists (select from goalpost.writable_tables t where t.workspace_id = p_workspace.id)
    else true end
$$;

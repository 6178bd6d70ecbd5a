-- Writes what a statement changed in a row of settings to its history. The arguments of the trigger are the columns that
-- name the row. Observes only. Definer: people may not write the history.
create function goalpost_private.record_setting_change() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row constant jsonb := coalesce(v_after, v_before);
  v_workspace_id constant uuid := v_row ->> case tg_table_name when 'workspaces' then 'id' else 'workspace_id' end;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(b.key, b.value), jsonb_object_agg(b.key, v_after -> b.key) into v_before, v_after
      from jsonb_each(v_before) b where b.value is distinct from v_after -> b.key;
  end if;
  insert into goalpost.setting_changes (workspace_id, subject, name, before, after, changed_by, changed_at)
  select v_workspace_id, tg_table_name,
         coalesce((select string_agg(v_row ->> c, '.' order by n) from unnest(tg_argv) with ordinality u (c, n)), ''),
         v_before - array['id', 'workspace_id', 'created_at'], v_after - array['id', 'workspace_id', 'created_at'], auth.uid(),
         goalpost_private.clock()
   where coalesce(v_before, v_after) is not null
     -- Rows that are deleted with their workspace have no history.
     and (v_workspace_id is null or exists (select from goalpost.workspaces w where w.id = v_workspace_id));
  return null;
end
$$;

create trigger record_setting_change after update on goalpost.workspaces
  for each row execute function goalpost_private.record_setting_change();
create trigger record_setting_change after insert or update or delete on goalpost.writable_tables
  for each row execute function goalpost_private.record_setting_change('schema_name', 'table_name');
create trigger record_setting_change after insert or update or delete on goalpost.tool_policies
  for each row execute function goalpost_private.record_setting_change('name');
create trigger record_setting_change after insert or update or delete on goalpost.rate_limits
  for each row execute function goalpost_private.record_setting_change('scope', 'name', 'per_seconds');
-- Not when a worker lists the server's tools.
create trigger record_setting_change after insert or update of name, url, auth_header_name or delete on goalpost.mcp_servers
  for each row execute function goalpost_private.record_setting_change('name');

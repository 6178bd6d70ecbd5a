-- Records the present tools of a server: [{"name", "original_name", "description", "parameters", "problem"}], at most
-- 200; without an original_name the name is the server's own. Returns the state of each tool it ever had: {"<name>":
-- state}. Called by the executor's MCP client for a step that it holds and that may call the server. Safe to repeat: an
-- unchanged tool keeps its state. Raises ZG009, ZG002, ZG001, ZG003.
create function goalpost_worker.record_mcp_tools(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_server text, p_tools jsonb
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_server_id bigint;
begin
  if not exists (
    select from unnest(goalpost_private.tools_of_step(v_step)) t
     where t = 'mcp_list' or starts_with(t, format('mcp.%s.', p_server)))
  then
    perform goalpost_private.refuse('ZG002', format('this step may not call the MCP server %s', p_server));
  end if;
  if jsonb_typeof(p_tools) is distinct from 'array' or jsonb_array_length(p_tools) > 200
     or octet_length(p_tools::text) > 4194304
  then
    perform goalpost_private.refuse('ZG003', 'a server has at most 200 tools, described in at most 4 MiB');
  end if;
  select s.id into v_server_id from goalpost.mcp_servers s
   where s.workspace_id = v_step.workspace_id and s.name = p_server;
  if not found then
    perform goalpost_private.refuse('ZG001', format('this workspace has no MCP server %s', p_server));
  end if;

  insert into goalpost.mcp_tools as m
    (workspace_id, server_id, name, original_name, description, parameters, problem, schema_hash, seen_at)
  select distinct on (t.name) v_step.workspace_id, v_server_id, t.name, nullif(t.original_name, t.name), t.description,
         t.parameters, t.problem, encode(sha256(convert_to(jsonb_build_array(
           coalesce(t.original_name, t.name), t.description, t.parameters)::text, 'UTF8')), 'hex'), v_now
    from jsonb_to_recordset(p_tools) t (name text, original_name text, description text, parameters jsonb, problem text)
   where t.name is not null and t.description is not null and t.parameters is not null
   order by t.name
  on conflict (workspace_id, server_id, name) do update
    set original_name = excluded.original_name, description = excluded.description, parameters = excluded.parameters, problem = excluded.problem,
        schema_hash = excluded.schema_hash, seen_at = excluded.seen_at,
        state = case when excluded.problem is null and excluded.schema_hash = m.approved_hash then 'approved'
                     when m.approved_hash is null then 'pending' else 'changed' end
  where (m.schema_hash, m.problem, m.state = 'gone') is distinct from (excluded.schema_hash, excluded.problem, false);
  update goalpost.mcp_tools m set state = 'gone'
   where m.workspace_id = v_step.workspace_id and m.server_id = v_server_id and m.state <> 'gone'
     and not exists (select from jsonb_array_elements(p_tools) t where t ->> 'name' = m.name);
  update goalpost.mcp_servers set listed_at = v_now where id = v_server_id;
  return (select coalesce(jsonb_object_agg(m.name, m.state), '{}')
            from goalpost.mcp_tools m where m.workspace_id = v_step.workspace_id and m.server_id = v_server_id);
end
$$;

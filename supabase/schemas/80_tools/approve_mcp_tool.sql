-- Approves a tool in its present version, identified by its hash, so that the approval covers exactly the version that
-- the admin read: pending | changed -> approved. p_flags are the properties that the admin assigns to the tool:
-- idempotent, writes, approval, timeout_seconds. Safe to repeat. Called by admins. Raises ZG001, ZG002, ZG003, ZG004
-- (it has changed, or cannot be used).
-- Definer: people may not write the table.
create function goalpost_private.approve_mcp_tool(
  p_workspace_id uuid, p_server text, p_tool text, p_schema_hash text, p_flags jsonb
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_tool goalpost.mcp_tools;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  select m.* into v_tool
    from goalpost.mcp_servers s
    join goalpost.mcp_tools m on m.workspace_id = s.workspace_id and m.server_id = s.id
   where s.workspace_id = p_workspace_id and s.name = p_server and m.name = p_tool;
  if not found then
    perform goalpost_private.refuse('ZG001', format('there is no tool mcp.%s.%s; list the server first', p_server, p_tool));
  end if;
  if v_tool.problem is not null or v_tool.state = 'gone' then
    perform goalpost_private.refuse('ZG004', format('this tool cannot be used: %s',
      coalesce(v_tool.problem, 'the server does not have it any more')));
  end if;
  if jsonb_typeof(p_flags) is distinct from 'object'
     or exists (select from jsonb_each(p_flags) f
                 where (case f.key when 'idempotent' then jsonb_typeof(f.value) = 'boolean'
                                   when 'writes' then jsonb_typeof(f.value) = 'boolean'
                                   when 'approval' then f.value <@ '["never", "always", "when_tainted"]'
                                   when 'timeout_seconds' then goalpost_private.is_absent_or_whole(f.value, 1, 3600)
                                                               and jsonb_typeof(f.value) = 'number' end) is not true)
  then
    perform goalpost_private.refuse('ZG003',
      'the properties of a tool are idempotent, writes (true or false), approval (never, always, when_tainted) and timeout_seconds (1 to 3600)');
  end if;
  update goalpost.mcp_tools m
     set state = 'approved', approved_hash = p_schema_hash, approved_by = auth.uid(), approved_at = goalpost_private.clock(),
         version = m.version + (m.approved_hash is distinct from m.schema_hash)::integer,
         idempotent = coalesce((p_flags ->> 'idempotent')::boolean, m.idempotent),
         writes = coalesce((p_flags ->> 'writes')::boolean, m.writes),
         approval = coalesce(p_flags ->> 'approval', m.approval),
         timeout_seconds = coalesce((p_flags ->> 'timeout_seconds')::numeric::integer, m.timeout_seconds)
   where m.workspace_id = p_workspace_id and m.server_id = v_tool.server_id and m.name = p_tool
     and m.schema_hash = p_schema_hash and m.problem is null
  returning m.* into v_tool;
  if not found then
    perform goalpost_private.refuse('ZG004', 'the tool reads otherwise by now; look at it again');
  end if;
  return jsonb_build_object('tool', format('mcp.%s.%s', p_server, p_tool), 'state', v_tool.state, 'version', v_tool.version,
                            'idempotent', v_tool.idempotent, 'writes', v_tool.writes, 'approval', v_tool.approval,
                            'timeout_seconds', v_tool.timeout_seconds);
end
$$;

create function goalpost.approve_mcp_tool(
  p_workspace_id uuid, p_server text, p_tool text, p_schema_hash text, p_flags jsonb default '{}'
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.approve_mcp_tool(p_workspace_id, p_server, p_tool, p_schema_hash, p_flags) $$;

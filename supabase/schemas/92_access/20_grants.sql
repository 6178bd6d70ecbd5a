-- The whole surface on one screen: views, who sees which rows, who may call what. Everything is revoked first.

-- Nothing for anybody, then what each may.
revoke all on schema goalpost, goalpost_worker, goalpost_private from public;
revoke all on all tables in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
revoke all on all sequences in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
revoke all on all routines in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
grant usage on schema goalpost to authenticated;
grant select on all tables in schema goalpost to authenticated;
grant insert (workspace_id, question, idempotency_key, context, runbook, parameters, budget) on goalpost.requests to authenticated;
grant execute on all functions in schema goalpost to authenticated;

-- What the exposed functions, views and policies stand on.
grant usage on schema goalpost_private to authenticated;
grant execute on function
  goalpost_private.accept_requests(uuid, jsonb),
  goalpost_private.decide_approval(bigint, text, text, jsonb, jsonb, text),
  goalpost_private.read_inbox(uuid),
  goalpost_private.set_tool_policy(uuid, text, text, text, text, boolean, integer),
  goalpost_private.remove_tool_policy(uuid, text),
  goalpost_private.set_rate_limit(uuid, text, text, integer, integer),
  goalpost_private.set_workspace_limits(uuid, jsonb),
  goalpost_private.set_model_price(text, text, bigint, bigint, bigint, bigint, timestamptz, text),
  goalpost_private.cancel_request(bigint),
  goalpost_private.cancel_goal(bigint),
  goalpost_private.retry_dead_letter(bigint),
  goalpost_private.create_workspace(text),
  goalpost_private.add_member(uuid, uuid, text),
  goalpost_private.add_mcp_server(uuid, text, text, text),
  goalpost_private.approve_mcp_tool(uuid, text, text, text, jsonb),
  goalpost_private.remove_mcp_server(uuid, text),
  goalpost_private.my_workspaces(text),
  goalpost_private.am_project_admin(),
  goalpost_private.may_decide(uuid, text),
  goalpost_private.revoke_memory(bigint),
  goalpost_private.goal_progress(bigint)
  to authenticated;

-- The functions: their RPCs and nothing else.
grant usage on schema goalpost_worker to goalpost_worker;
grant execute on all functions in schema goalpost_worker to goalpost_worker;

-- The asker's SQL runs with the asker's rights: its functions belong to goalpost_asker, which has no others.
grant usage, create on schema goalpost_private to goalpost_asker;
alter function goalpost_private.run_query_as_asker(uuid, text[], text, integer, integer) owner to goalpost_asker;
alter function goalpost_private.write_rows_as_asker(uuid, text, text, text[], jsonb, text[]) owner to goalpost_asker;
revoke create on schema goalpost_private from goalpost_asker;
revoke all on function goalpost_private.run_query_as_asker(uuid, text[], text, integer, integer) from public;
grant execute on function goalpost_private.run_query_as_asker(uuid, text[], text, integer, integer) to postgres;
revoke all on function goalpost_private.write_rows_as_asker(uuid, text, text, text[], jsonb, text[]) from public;
grant execute on function goalpost_private.write_rows_as_asker(uuid, text, text, text[], jsonb, text[]) to postgres;

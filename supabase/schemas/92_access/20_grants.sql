-- All grants in one file: rights on views, rows and functions. Everything is revoked first.

-- Revokes everything, then grants to each role.
revoke all on schema goalpost, goalpost_worker, goalpost_private from public;
revoke all on all tables in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
revoke all on all sequences in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
revoke all on all routines in schema goalpost, goalpost_worker, goalpost_private from public, anon, authenticated, service_role;
grant usage on schema goalpost to authenticated;
grant select on all tables in schema goalpost to authenticated;
grant insert (workspace_id, question, idempotency_key, context, runbook, parameters, budget) on goalpost.requests to authenticated;
grant insert (workspace_id, goal_id, step_key, rating, comment) on goalpost.feedback to authenticated;
grant execute on all functions in schema goalpost to authenticated;

-- The queue of requests: pgmq.send runs with the caller's rights.
grant usage on schema pgmq to authenticated, service_role;
grant select, insert on pgmq.q_goalpost_requests to authenticated, service_role;

-- Rights that the exposed functions, views and policies require.
grant usage on schema goalpost_private to authenticated;
grant execute on function
  goalpost_private.accept_requests(uuid, jsonb),
  goalpost_private.decide_approval(bigint, text, text, jsonb, jsonb, text),
  goalpost_private.read_inbox(uuid),
  goalpost_private.set_tool_policy(uuid, text, text, text, text, boolean, integer),
  goalpost_private.remove_tool_policy(uuid, text),
  goalpost_private.set_rate_limit(uuid, text, text, integer, integer),
  goalpost_private.set_workspace_limits(uuid, jsonb),
  goalpost_private.set_workspace_settings(uuid, jsonb),
  goalpost_private.read_retention(uuid, integer),
  goalpost_private.set_tool_access(uuid, text, text, boolean, text[]),
  goalpost_private.set_tool_secret(uuid, text, text),
  goalpost_private.read_tool_secrets(uuid),
  goalpost_private.set_model_price(text, text, bigint, bigint, bigint, bigint, timestamptz, text, bigint, bigint),
  goalpost_private.give_feedback(bigint, text, text, text, boolean),
  goalpost_private.start_analysis(uuid),
  goalpost_private.revert_improvement(bigint),
  goalpost_private.check_runbook(uuid, jsonb),
  goalpost_private.apply_runbook(uuid, jsonb, text),
  goalpost_private.set_runbook_state(bigint, text),
  goalpost_private.set_schedule(uuid, jsonb),
  goalpost_private.next_ticks(text, text, integer),
  goalpost_private.change_schedule(uuid, text, text),
  goalpost_private.set_request_rule(uuid, jsonb),
  goalpost_private.change_request_rule(uuid, text, text),
  goalpost_private.test_request_rule(uuid, text, jsonb, jsonb, text),
  goalpost_private.add_notification_target(uuid, jsonb),
  goalpost_private.remove_notification_target(uuid, text),
  goalpost_private.set_notification_preferences(uuid, jsonb, text),
  goalpost_private.test_notification_target(uuid, text),
  goalpost_private.apply_agent(uuid, jsonb, text),
  goalpost_private.set_agent_state(bigint, text),
  goalpost_private.cancel_request(bigint),
  goalpost_private.cancel_goal(bigint),
  goalpost_private.retry_dead_letter(bigint),
  goalpost_private.retry_dead_letters(uuid, text, timestamptz, integer, boolean),
  goalpost_private.create_workspace(text),
  goalpost_private.set_member_role(uuid, uuid, text),
  goalpost_private.remove_member(uuid, uuid),
  goalpost_private.leave_workspace(uuid),
  goalpost_private.invite_member(uuid, text, text),
  goalpost_private.accept_invitation(bigint),
  goalpost_private.withdraw_invitation(bigint),
  goalpost_private.grant_budget(uuid, bigint, bigint),
  goalpost_private.set_project_limits(jsonb),
  goalpost_private.add_project_admin(text),
  goalpost_private.remove_project_admin(text),
  goalpost_private.read_project_admins(),
  goalpost_private.my_email(),
  goalpost_private.is_requester(bigint),
  goalpost_private.is_private_call(bigint, text, jsonb, jsonb),
  goalpost_private.may_read_journal(bigint, text),
  goalpost_private.may_read_approval(uuid, bigint, text, integer, text),
  goalpost_private.add_mcp_server(uuid, text, text, text),
  goalpost_private.approve_mcp_tool(uuid, text, text, text, jsonb),
  goalpost_private.remove_mcp_server(uuid, text),
  goalpost_private.my_workspaces(text),
  goalpost_private.am_project_admin(),
  goalpost_private.may_decide(uuid, text),
  goalpost_private.role_rank(text),
  goalpost_private.hash_of(jsonb),
  goalpost_private.version_of(goalpost.approvals),
  goalpost_private.count_votes(goalpost.approvals),
  goalpost_private.revoke_memory(bigint),
  goalpost_private.goal_progress(bigint),
  goalpost_private.goals_of_report(bigint),
  goalpost_private.report_steps(bigint),
  goalpost_private.report_usage(bigint),
  goalpost_private.report_history(goalpost.goals),
  goalpost_private.report_suggestions(goalpost.goals, jsonb, bigint, jsonb),
  goalpost_private.period_requests(uuid, timestamptz, timestamptz),
  goalpost_private.period_work(uuid, timestamptz, timestamptz),
  goalpost_private.period_usage(uuid, timestamptz, timestamptz),
  goalpost_private.period_decisions(uuid, timestamptz, timestamptz),
  goalpost_private.period_dearest(uuid, timestamptz, timestamptz)
  to authenticated;

-- The workers: their RPCs and nothing else.
grant usage on schema goalpost_worker to goalpost_worker;
grant execute on all functions in schema goalpost_worker to goalpost_worker;
-- For the policy on Storage's objects.
grant execute on function goalpost_private.is_object_to_delete(text) to goalpost_worker;

-- The asker's SQL runs as `authenticated`: the functions that run it belong to that role, which may not call them. It
-- could alter its own functions, where a function of the project lets a person run any statement: both refuse to run as
-- another role. goalpost_asker, which is `authenticated` and may create a temporary function, only analyses.
grant usage, create on schema goalpost_private to goalpost_asker, authenticated;
alter function goalpost_private.run_query_as_asker(jsonb, text, integer, integer) owner to authenticated;
alter function goalpost_private.write_rows_as_asker(jsonb, text, text, text[], jsonb, text[]) owner to authenticated;
alter function goalpost_private.open_temporary_schema() owner to goalpost_asker;
alter function goalpost_private.analyse_query(text, text) owner to goalpost_asker;
revoke create on schema goalpost_private from goalpost_asker, authenticated;
revoke all on function
  goalpost_private.run_query_as_asker(jsonb, text, integer, integer),
  goalpost_private.write_rows_as_asker(jsonb, text, text, text[], jsonb, text[]),
  goalpost_private.open_temporary_schema(),
  goalpost_private.analyse_query(text, text) from public, authenticated;
grant execute on function
  goalpost_private.run_query_as_asker(jsonb, text, integer, integer),
  goalpost_private.write_rows_as_asker(jsonb, text, text, text[], jsonb, text[]),
  goalpost_private.open_temporary_schema(),
  goalpost_private.analyse_query(text, text) to postgres;
grant execute on function goalpost_private.bounded(anyelement), goalpost_private.collected(anyelement) to authenticated;
do $$
begin
  execute format('grant temporary on database %I to goalpost_asker', current_database());
end
$$;

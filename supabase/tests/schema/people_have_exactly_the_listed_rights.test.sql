-- The whole surface of a signed-in person. An addition to it has to be listed here.
begin;
select plan(4);

select set_eq(
  $$ select p.oid::regprocedure::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and has_function_privilege('authenticated', p.oid, 'execute') $$,
  array[
    'goalpost.accept_request(uuid,text,text,jsonb,text,jsonb,jsonb)', 'goalpost.accept_requests(uuid,jsonb)', 'goalpost.decide_approval(bigint,text,text,jsonb,jsonb,text)', 'goalpost.cancel_request(bigint)',
    'goalpost.cancel_goal(bigint)', 'goalpost.retry_dead_letter(bigint)', 'goalpost.create_workspace(text)',
    'goalpost.add_mcp_server(uuid,text,text,text)', 'goalpost.approve_mcp_tool(uuid,text,text,text,jsonb)', 'goalpost.remove_mcp_server(uuid,text)',
    'goalpost_private.add_mcp_server(uuid,text,text,text)', 'goalpost_private.approve_mcp_tool(uuid,text,text,text,jsonb)', 'goalpost_private.remove_mcp_server(uuid,text)',
    'goalpost_private.accept_requests(uuid,jsonb)', 'goalpost_private.cancel_request(bigint)',
    'goalpost_private.cancel_goal(bigint)', 'goalpost_private.retry_dead_letter(bigint)', 'goalpost_private.create_workspace(text)',
    'goalpost.revoke_memory(bigint)', 'goalpost.start_analysis(uuid)', 'goalpost_private.start_analysis(uuid)', 'goalpost.revert_improvement(bigint)', 'goalpost_private.revert_improvement(bigint)', 'goalpost_private.decide_approval(bigint,text,text,jsonb,jsonb,text)', 'goalpost.read_inbox(uuid)', 'goalpost.read_report(bigint)', 'goalpost_private.goals_of_report(bigint)', 'goalpost_private.report_steps(bigint)', 'goalpost_private.report_usage(bigint)', 'goalpost_private.report_history(goalpost.goals)', 'goalpost_private.report_suggestions(goalpost.goals,jsonb,bigint,jsonb)', 'goalpost.give_feedback(bigint,text,text,text,boolean)', 'goalpost_private.give_feedback(bigint,text,text,text,boolean)', 'goalpost.check_runbook(uuid,jsonb)', 'goalpost_private.check_runbook(uuid,jsonb)', 'goalpost.apply_runbook(uuid,jsonb,text)', 'goalpost_private.apply_runbook(uuid,jsonb,text)', 'goalpost.set_runbook_state(bigint,text)', 'goalpost_private.set_runbook_state(bigint,text)', 'goalpost.remove_tool_policy(uuid,text)', 'goalpost.set_model_price(text,text,bigint,bigint,bigint,bigint,timestamp with time zone,text,bigint,bigint)', 'goalpost.set_rate_limit(uuid,text,text,integer,integer)', 'goalpost.set_tool_policy(uuid,text,text,text,text,boolean,integer)', 'goalpost.set_workspace_limits(uuid,jsonb)', 'goalpost.set_workspace_settings(uuid,jsonb)', 'goalpost_private.read_inbox(uuid)', 'goalpost_private.remove_tool_policy(uuid,text)', 'goalpost_private.set_model_price(text,text,bigint,bigint,bigint,bigint,timestamp with time zone,text,bigint,bigint)', 'goalpost_private.set_rate_limit(uuid,text,text,integer,integer)', 'goalpost_private.set_tool_policy(uuid,text,text,text,text,boolean,integer)', 'goalpost_private.set_workspace_limits(uuid,jsonb)', 'goalpost_private.set_workspace_settings(uuid,jsonb)', 'goalpost_private.revoke_memory(bigint)',
    'goalpost_private.bounded(anyelement)', 'goalpost_private.collected(anyelement)', 'goalpost_private.my_workspaces(text)', 'goalpost_private.am_project_admin()', 'goalpost_private.may_decide(uuid,text)', 'goalpost_private.goal_progress(bigint)',
    'goalpost.set_member_role(uuid,uuid,text)', 'goalpost.remove_member(uuid,uuid)', 'goalpost.leave_workspace(uuid)', 'goalpost.invite_member(uuid,text,text)', 'goalpost.accept_invitation(bigint)', 'goalpost.withdraw_invitation(bigint)', 'goalpost.grant_budget(uuid,bigint,bigint)', 'goalpost.set_project_limits(jsonb)', 'goalpost.add_project_admin(text)', 'goalpost.remove_project_admin(text)', 'goalpost.read_project_admins()', 'goalpost_private.set_member_role(uuid,uuid,text)', 'goalpost_private.remove_member(uuid,uuid)', 'goalpost_private.leave_workspace(uuid)', 'goalpost_private.invite_member(uuid,text,text)', 'goalpost_private.accept_invitation(bigint)', 'goalpost_private.withdraw_invitation(bigint)', 'goalpost_private.grant_budget(uuid,bigint,bigint)', 'goalpost_private.set_project_limits(jsonb)', 'goalpost_private.add_project_admin(text)', 'goalpost_private.remove_project_admin(text)', 'goalpost_private.read_project_admins()', 'goalpost_private.my_email()', 'goalpost_private.is_requester(bigint)', 'goalpost_private.is_private_call(bigint,text,jsonb,jsonb)', 'goalpost_private.may_read_journal(bigint,text)', 'goalpost_private.may_read_approval(uuid,bigint,text,integer,text)',
    'goalpost_private.role_rank(text)', 'goalpost_private.hash_of(jsonb)', 'goalpost_private.version_of(goalpost.approvals)', 'goalpost_private.count_votes(goalpost.approvals)'],
  'signed-in people may call exactly the listed functions');
select set_eq(
  $$ select c.relname || '.' || a.attname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
        and has_column_privilege('authenticated', c.oid, a.attnum, 'insert, update') $$,
  array['requests.workspace_id', 'requests.question', 'requests.idempotency_key', 'requests.context', 'requests.runbook', 'requests.parameters', 'requests.budget', 'feedback.workspace_id', 'feedback.goal_id', 'feedback.step_key', 'feedback.rating', 'feedback.comment'], 'signed-in people may write exactly the listed columns');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p', 'v')
        and has_table_privilege('authenticated', c.oid, 'delete, truncate, trigger') $$, 'signed-in people may delete and truncate nothing');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'goalpost_private' and c.relkind in ('r', 'p', 'v') and has_any_column_privilege('authenticated', c.oid, 'select') $$, 'signed-in people may read no private table');

select * from finish();
rollback;

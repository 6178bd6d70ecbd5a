-- Tenant rows: members of the workspace read them; only the functions write them. One policy per table. The workspaces
-- are an array, so that an index that begins with the workspace is used.
do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'members', 'requests', 'goals', 'goal_criteria', 'workflow_runs', 'steps', 'step_attempts',
    'plan_revisions', 'agent_instances', 'usage_events', 'events', 'dead_letters', 'mcp_servers', 'mcp_tools', 'writable_tables', 'approval_votes', 'budgets', 'budget_raises', 'memory_uses',
    'feedback', 'runbook_matches', 'improvements', 'memory_statistics', 'runbook_statistics', 'agent_statistics', 'unfolded_statistics', 'daily_usage', 'schedules', 'schedule_ticks', 'request_rules', 'rule_firings']
  loop
    execute format('alter table goalpost.%I enable row level security', v_table);
    execute format(
      'create policy members_read on goalpost.%I for select to authenticated
         using (workspace_id = any (array(select goalpost_private.my_workspaces())))', v_table);
  end loop;

  -- Reference data: built-in rows are readable by every signed-in person, a workspace's own by its members.
  foreach v_table in array array['agents', 'runbooks', 'runbook_embeddings', 'tool_policies', 'rate_limits'] loop
    execute format('alter table goalpost.%I enable row level security', v_table);
    execute format(
      'create policy members_read on goalpost.%I for select to authenticated
         using (workspace_id is null or workspace_id in (select goalpost_private.my_workspaces()))', v_table);
  end loop;
end
$$;
alter table goalpost.workspaces enable row level security;
create policy members_read on goalpost.workspaces for select to authenticated
  using (id in (select goalpost_private.my_workspaces()));
-- The history of settings: for the admins of the workspace; that of the project for project admins.
alter table goalpost.setting_changes enable row level security;
create policy admins_read on goalpost.setting_changes for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces('admin'))
         or workspace_id is null and (select goalpost_private.am_project_admin()));
alter table goalpost.project_admins enable row level security;
create policy own_row_read on goalpost.project_admins for select to authenticated
  using (user_id = (select auth.uid()));

-- Messages that name no workspace of their person are for project admins. A person sends messages of their own and reads
-- those that wait; the sender is written by a trigger (stamp_queued_request).
alter table goalpost.request_messages enable row level security;
create policy members_read on goalpost.request_messages for select to authenticated
  using (workspace_id = any (array(select goalpost_private.my_workspaces()))
         or (workspace_id is null and (select goalpost_private.am_project_admin())));
create policy people_send on pgmq.q_goalpost_requests for insert to authenticated
  with check (message ->> 'user_id' = (select auth.uid())::text);
create policy own_read on pgmq.q_goalpost_requests for select to authenticated
  using (message ->> 'user_id' = (select auth.uid())::text);

-- Invitations: for the admins who give them, and for the invited person.
alter table goalpost.invitations enable row level security;
create policy admins_and_invited_read on goalpost.invitations for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces('admin'))
         or user_id = (select auth.uid()) or email = (select goalpost_private.my_email()));

-- Memories about a person are readable by that person alone, in every place (05_private_memories.sql).
alter table goalpost.tool_calls enable row level security;
create policy members_read on goalpost.tool_calls for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces())
         and (tool not in ('remember', 'recall') or goalpost_private.is_requester(run_id)
              or not goalpost_private.is_private_call(run_id, tool, arguments, proposed_arguments)));
alter table goalpost.step_turns enable row level security;
create policy members_read on goalpost.step_turns for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces()) and goalpost_private.may_read_journal(run_id, step_key));
alter table goalpost.approvals enable row level security;
create policy members_read on goalpost.approvals for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces())
         and (call_number is null
              or goalpost_private.may_read_approval(workspace_id, run_id, step_key, call_number, required_role)));
alter table goalpost.corrections enable row level security;
create policy members_read on goalpost.corrections for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces())
         and exists (select from goalpost.approvals a where a.id = approval_id));
-- A person's own targets and messages, and those of the workspace.
alter table goalpost.notification_targets enable row level security;
create policy members_read on goalpost.notification_targets for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces())
         and (user_id is null or user_id = (select auth.uid())));
alter table goalpost.notifications enable row level security;
create policy members_read on goalpost.notifications for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces())
         and (user_id is null or user_id = (select auth.uid())));
alter table goalpost.memories enable row level security;
create policy members_read on goalpost.memories for select to authenticated
  using (workspace_id in (select goalpost_private.my_workspaces())
         and (scope <> 'user' or user_id = (select auth.uid())));
alter table goalpost.embedding_spaces enable row level security;
create policy signed_in_read on goalpost.embedding_spaces for select to authenticated
  using ((select auth.uid()) is not null);
alter table goalpost.tools enable row level security;
create policy signed_in_read on goalpost.tools for select to authenticated
  using ((select auth.uid()) is not null);
alter table goalpost.model_prices enable row level security;
create policy signed_in_read on goalpost.model_prices for select to authenticated
  using ((select auth.uid()) is not null);

-- Operations: wakes belong to no tenant.
alter table goalpost.wakes enable row level security;
create policy project_admins_read on goalpost.wakes for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.endpoints enable row level security;
create policy project_admins_read on goalpost_private.endpoints for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.limits enable row level security;
create policy project_admins_read on goalpost_private.limits for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.model_capabilities enable row level security;
create policy project_admins_read on goalpost_private.model_capabilities for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.departures enable row level security;
create policy project_admins_read on goalpost_private.departures for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.request_claims enable row level security;
create policy project_admins_read on goalpost_private.request_claims for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.request_embeddings enable row level security;
create policy project_admins_read on goalpost_private.request_embeddings for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.objects_to_delete enable row level security;
create policy project_admins_read on goalpost_private.objects_to_delete for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.table_writes enable row level security;
create policy project_admins_read on goalpost_private.table_writes for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.value_reads enable row level security;
create policy project_admins_read on goalpost_private.value_reads for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.row_changes enable row level security;
create policy project_admins_read on goalpost_private.row_changes for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.budget_waiters enable row level security;
create policy project_admins_read on goalpost_private.budget_waiters for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.analysis_schedule enable row level security;
create policy project_admins_read on goalpost_private.analysis_schedule for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.rating_effects enable row level security;
create policy project_admins_read on goalpost_private.rating_effects for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.decision_links enable row level security;
create policy project_admins_read on goalpost_private.decision_links for select to authenticated
  using ((select goalpost_private.am_project_admin()));
alter table goalpost_private.limit_slots enable row level security;
create policy project_admins_read on goalpost_private.limit_slots for select to authenticated
  using ((select goalpost_private.am_project_admin()));

-- The two tables into which people insert: their own request, in a workspace where they may send requests, not yet
-- adopted; and their own rating.
create policy members_ask on goalpost.requests for insert to authenticated
  with check (
    user_id = (select auth.uid()) and state = 'submitted'
    and workspace_id in (select goalpost_private.my_workspaces('member')));
create policy members_rate on goalpost.feedback for insert to authenticated
  with check (
    user_id = (select auth.uid()) and workspace_id in (select goalpost_private.my_workspaces('member')));

-- An estimate of the planner (PostgREST's count=planned and count=estimated, or a query plan) is computed before
-- row-level security applies, from statistics over the rows of all tenants. Without statistics on the columns that
-- identify the tenant, it is the same for every workspace, the caller's or not, existing or not.
do $$
declare
  v_column record;
begin
  for v_column in
    select a.attrelid::regclass as relation, a.attname as name
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'goalpost'::regnamespace and c.relkind in ('r', 'p') and not a.attisdropped
       and a.attname in ('workspace_id', 'user_id')
  loop
    execute format('alter table %s alter column %I set statistics 0', v_column.relation, v_column.name);
  end loop;
end
$$;

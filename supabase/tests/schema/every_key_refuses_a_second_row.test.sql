-- Each unique key is broken once, alone: a row is copied with all columns changed that another key would refuse.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.agents (workspace_id, name, role, state) values (tests.id_of('acme'), 'tried', 'r', 'candidate');
insert into goalpost.runbook_statistics (workspace_id, runbook_id, folded_at) select tests.id_of('acme'), id, now() from goalpost.runbooks limit 1;
insert into goalpost.agent_statistics (workspace_id, agent_id, folded_at) select tests.id_of('acme'), id, now() from goalpost.agents limit 1;
insert into goalpost.unfolded_statistics (workspace_id, day) values (tests.id_of('acme'), '2030-01-01');
insert into goalpost.daily_usage (workspace_id, day, user_id, calls, input_tokens, output_tokens, cost_microusd) values (tests.id_of('acme'), '2030-01-01', tests.id_of('mia'), 1, 1, 1, 1);
insert into goalpost.project_admins values (tests.id_of('olga'));
select tests.set('run', tests.planned('a, ap, c:a', jsonb_build_object('a', tests.agent('own'), 'ap', tests.approval()), '["good"]'));
select tests.spend(tests.get('run'), 'a', 1);
select tests.finish(tests.get('run'), 'a', 'completed', '{"result": {}}');
select tests.bare_call(tests.get('run'), 'a');
select tests.set('broken', tests.planned('z'));
select tests.do_fail(tests.get('broken'), 'z');
insert into goalpost.requests (workspace_id, user_id, question, idempotency_key) values (tests.id_of('acme'), tests.id_of('mia'), 'q', 'k');
select tests.set('memory', tests.memory('remembered'));
insert into goalpost.memory_uses values (tests.get('run'), 'a', 1, 0, 1, tests.id_of('acme'), tests.get('memory'), 1, false, now());
update goalpost.memories set run_id = tests.get('run'), step_key = 'a', call_number = 1;
select tests.furnish(tests.get('run'), 'c');
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 10, 8);
insert into goalpost_private.model_capabilities (provider, endpoint, model, learned_at) values ('openai', 'https://models.example', 'm', now());
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) values (tests.id_of('acme'), 'docs', 'https://docs.example.com/', tests.id_of('adam'), now());
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at) select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'notes');
insert into goalpost_private.table_writes (run_id, step_key, call_number, request_hash, written_at) values (tests.get('run'), 'a', 0, 'h', now());
insert into goalpost_private.value_reads (run_id, step_key, read_at) values (tests.get('run'), 'a', now());
insert into goalpost_private.request_claims (request_id, workspace_id, claims, taken_at) select q.id, q.workspace_id, '{}', now() from goalpost.requests q on conflict do nothing;

-- The key that refuses the copy.
create function pg_temp.refused_by(p_table text, p_changes jsonb, p_where text) returns text language plpgsql as $$
declare
  v_name text;
  v_columns text;
  v_values text;
begin
  -- A generated column takes no value.
  select string_agg(quote_ident(a.attname), ', '), string_agg('r.' || quote_ident(a.attname), ', ') into v_columns, v_values
    from pg_catalog.pg_attribute a where a.attrelid = p_table::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
  execute format('insert into %s (%s) select %s from %s t, jsonb_populate_record(t, %L) r where %s limit 1', p_table, v_columns, v_values, p_table, p_changes,
    regexp_replace(p_where, '\m(workspace_id|idempotency_key|goal_id)\M', 't.\1', 'g'));
  return 'nothing';
exception
  when unique_violation then
    get stacked diagnostics v_name = constraint_name;
    return v_name;
end
$$;

create temp table twice (from_table text, key text, changes jsonb default '{}', of_row text default 'true');
insert into twice (from_table, key) values
  ('goalpost.workspaces', 'workspaces_pkey'), ('goalpost.members', 'members_pkey'),
  ('goalpost.project_admins', 'project_admins_pkey'), ('goalpost.tools', 'tools_pkey'),
  ('goalpost.setting_changes', 'setting_changes_pkey'), ('goalpost.schedules', 'schedules_pkey'), ('goalpost.request_rules', 'request_rules_pkey'), ('goalpost.rule_firings', 'rule_firings_pkey'), ('goalpost_private.row_changes', 'row_changes_pkey'), ('goalpost.schedule_ticks', 'schedule_ticks_pkey'), ('goalpost.feedback', 'feedback_pkey'), ('goalpost_private.rating_effects', 'rating_effects_pkey'), ('goalpost.runbook_matches', 'runbook_matches_pkey'), ('goalpost.runbook_embeddings', 'runbook_embeddings_pkey'), ('goalpost.memory_statistics', 'memory_statistics_pkey'), ('goalpost_private.analysis_schedule', 'analysis_schedule_pkey'), ('goalpost.runbook_statistics', 'runbook_statistics_pkey'), ('goalpost.agent_statistics', 'agent_statistics_pkey'), ('goalpost.unfolded_statistics', 'unfolded_statistics_pkey'),
  ('goalpost.goals', 'goals_pkey'), ('goalpost.goal_criteria', 'goal_criteria_pkey'), ('goalpost.steps', 'steps_pkey'),
  ('goalpost.step_attempts', 'step_attempts_pkey'), ('goalpost.step_turns', 'step_turns_pkey'), ('goalpost.tool_calls', 'tool_calls_pkey'),
  ('goalpost.plan_revisions', 'plan_revisions_pkey'), ('goalpost.agent_instances', 'agent_instances_pkey'),
  ('goalpost.usage_events', 'usage_events_pkey'), ('goalpost.events', 'events_pkey'), ('goalpost.wakes', 'wakes_pkey'),
  ('goalpost.embedding_spaces', 'embedding_spaces_pkey'), ('goalpost.mcp_tools', 'mcp_tools_pkey'), ('goalpost.writable_tables', 'writable_tables_pkey'), ('goalpost_private.table_writes', 'table_writes_pkey'), ('goalpost_private.value_reads', 'value_reads_pkey'), ('goalpost_private.budget_waiters', 'budget_waiters_pkey'), ('goalpost.approval_votes', 'approval_votes_pkey'), ('goalpost.corrections', 'corrections_pkey'), ('goalpost.budgets', 'budgets_pkey'), ('goalpost.budget_raises', 'budget_raises_pkey'), ('goalpost.model_prices', 'model_prices_pkey'), ('goalpost_private.limit_slots', 'limit_slots_pkey'), ('goalpost.step_turns', 'step_turns_pkey'), ('goalpost.tool_calls', 'tool_calls_pkey'), ('goalpost.memory_uses', 'memory_uses_pkey'),
  ('goalpost_private.model_capabilities', 'model_capabilities_pkey'),
  ('goalpost_private.endpoints', 'endpoints_pkey'), ('goalpost_private.request_claims', 'request_claims_pkey'), ('goalpost_private.request_embeddings', 'request_embeddings_pkey'), ('goalpost_private.objects_to_delete', 'objects_to_delete_pkey'), ('goalpost_private.departures', 'departures_pkey'), ('goalpost_private.limits', 'limits_pkey');
insert into twice values
  ('goalpost.invitations', 'invitations_pkey', '{"email": "other@tests.example"}', 'true'),
  ('goalpost.invitations', 'one_invitation_per_person', '{"id": -5}', 'true'),
  ('goalpost.daily_usage', 'daily_usage_pkey', '{"day": "2030-01-02"}', 'true'),
  ('goalpost.daily_usage', 'one_row_per_day_person_agent_runbook_and_model', '{"id": -5}', 'true'),
  ('goalpost.mcp_servers', 'mcp_servers_pkey', '{"name": "other"}', 'true'),
  ('goalpost.mcp_servers', 'one_mcp_server_of_a_name', '{"id": -5}', 'true'),
  ('goalpost.agents', 'agents_pkey', '{"name": "other"}', 'true'),
  ('goalpost.agents', 'one_version_of_an_agent', '{"id": -5}', 'workspace_id is null'),
  ('goalpost.schedules', 'one_schedule_of_a_name', '{"id": -5}', 'true'),
  ('goalpost.request_rules', 'one_rule_of_a_name', '{"id": -5}', 'true'),
  ('goalpost.request_messages', 'request_messages_pkey', '{"message_id": "other"}', 'true'),
  ('goalpost.request_messages', 'one_row_of_a_message', '{"id": -5}', 'true'),
  ('goalpost.notification_targets', 'notification_targets_pkey', '{"name": "other"}', 'true'),
  ('goalpost.notification_targets', 'one_target_of_a_name', '{"id": -5}', 'true'),
  ('goalpost.notifications', 'notifications_pkey', '{"key": "other"}', 'true'),
  ('goalpost.notifications', 'one_message_per_target_and_key', '{"id": -5}', 'true'),
  ('goalpost_private.decision_links', 'decision_links_pkey', '{"token_hash": "other"}', 'true'),
  ('goalpost_private.decision_links', 'one_link_of_a_token', '{"notification_id": -5}', 'true'),
  ('goalpost.agents', 'one_active_version_of_an_agent', '{"id": -5, "version": 2}', 'workspace_id is not null and t.state = ''active'''),
  ('goalpost.agents', 'one_candidate_of_an_agent', '{"id": -5, "version": 9}', 't.state = ''candidate'''),
  ('goalpost.runbooks', 'runbooks_pkey', '{"name": "other"}', 'true'),
  ('goalpost.runbooks', 'one_version_of_a_runbook', '{"id": -5}', 'workspace_id is null'),
  ('goalpost.requests', 'requests_pkey', '{"idempotency_key": null}', 'true'),
  ('goalpost.requests', 'one_request_per_idempotency_key', '{"id": -5}', 'idempotency_key is not null'),
  ('goalpost.workflow_runs', 'workflow_runs_pkey', '{}', 'goal_id is null'),
  ('goalpost.workflow_runs', 'one_run_per_goal', '{"id": -5}', 'goal_id is not null'),
  ('goalpost.approvals', 'approvals_pkey', '{"step_key": "a"}', 'true'),
  ('goalpost.approvals', 'approvals_of_a_step_are_numbered', '{"id": -5, "decided_with": null}', 'true'),
  ('goalpost.improvements', 'improvements_pkey', '{"fingerprint": "other"}', 'true'),
  ('goalpost.improvements', 'one_improvement_in_effect', '{"id": -5}', 'true'),
  ('goalpost.tool_policies', 'tool_policies_pkey', '{"name": "other"}', 'true'),
  ('goalpost.tool_policies', 'one_policy_of_a_name', '{"id": -5}', 'true'),
  ('goalpost.rate_limits', 'rate_limits_pkey', '{"name": "other"}', 'true'),
  ('goalpost.rate_limits', 'one_limit_of_a_key', '{"id": -5}', 'true'),
  ('goalpost.memories', 'memories_pkey', '{"run_id": null, "step_key": null, "call_number": null}', 'true'),
  ('goalpost.memories', 'one_memory_per_call', '{"id": -5}', 'true'),
  ('goalpost.dead_letters', 'dead_letters_pkey', '{"attempt": 9}', 'true'),
  ('goalpost.dead_letters', 'one_dead_letter_per_attempt', '{"id": -5}', 'true');

select is(pg_temp.refused_by(from_table, changes, of_row), key, format('the key %s refuses a second row', key)) from twice order by key;
-- The unique keys that composite references need beside a primary key add no rule to it.
select set_eq('select key from twice',
  $$ select c.relname::text from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
      where i.indisunique and c.relnamespace in ('goalpost'::regnamespace, 'goalpost_private'::regnamespace)
        and c.relname not in ('requests_inside_one_workspace', 'goals_inside_one_workspace', 'workflow_runs_inside_one_workspace', 'mcp_servers_inside_one_workspace', 'approvals_inside_one_workspace', 'memories_inside_one_workspace', 'schedules_inside_one_workspace', 'request_rules_inside_one_workspace', 'notification_targets_inside_one_workspace') $$,
  'every unique key is tested in this file');

select * from finish();
rollback;

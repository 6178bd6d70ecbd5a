-- Each claim that a table makes about its rows is broken once, alone, and refused under its own name.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', '{}');
select tests.set('run', tests.planned('a, ap, c:a', jsonb_build_object('a', tests.agent('own'), 'ap', tests.approval()), '["good"]'));
select tests.spend(tests.get('run'), 'a', 1);
select tests.finish(tests.get('run'), 'a', 'completed', '{"result": {}}');
select tests.memory('remembered', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.get('run'))).id, 'axis', 1));
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) values (tests.id_of('acme'), 'docs', 'https://docs.example.com/', tests.id_of('adam'), now());
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at) select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'notes');
select tests.bare_step(tests.bare_run(), 'lonely');
select tests.bare_call(tests.get('run'), 'a');
select tests.furnish(tests.get('run'), 'c');
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 10, 8);
insert into goalpost_private.model_capabilities (provider, endpoint, model, learned_at) values ('openai', 'https://models.example', 'm', now());

create temp table broken (claim text, statement text);
insert into broken
select c.tablename || '.' || c.name, format('update %s set %s', c.tablename, c.change)
  from (values
    ('goalpost.workspaces', 'name_is_given', 'name = '' '''),
    ('goalpost.workspaces', 'name_is_given', 'name = repeat(''x'', 201)'),
    ('goalpost.workspaces', 'max_open_requests_is_positive', 'max_open_requests = 0'),
    ('goalpost.workspaces', 'time_zone_is_known', 'time_zone = '''''),
    ('goalpost.workspaces', 'time_zone_is_known', 'time_zone = repeat(''x'', 65)'),
    ('goalpost.workspaces', 'currency_is_a_code', 'currency = ''eur'''),
    ('goalpost.workspaces', 'currency_is_a_code', 'currency = ''EURO'''),
    ('goalpost.workspaces', 'currency_is_a_code', 'currency = '''''),
    ('goalpost.workspaces', 'webhook_hosts_are_hosts', 'webhook_hosts = ''{https://example.com}'''),
    ('goalpost.workspaces', 'webhook_hosts_are_hosts', 'webhook_hosts = ''{Example.com}'''),
    ('goalpost.workspaces', 'webhook_hosts_are_hosts', 'webhook_hosts = ''{*.example.com}'''),
    ('goalpost.workspaces', 'webhook_hosts_are_hosts', 'webhook_hosts = ''{""}'''),
    ('goalpost.workspaces', 'webhook_hosts_are_hosts', 'webhook_hosts = ''{example.com,null}'''),
    ('goalpost.workspaces', 'webhook_hosts_are_hosts', 'webhook_hosts = ''{example.com:123456}'''),
    ('goalpost.workspaces', 'webhook_hosts_are_hosts',
     'webhook_hosts = (select array_agg(n || ''.example.com'') from generate_series(1, 101) n)'),
    ('goalpost.workspaces', 'http_hosts_are_hosts', 'http_hosts = ''{https://example.com}'''),
    ('goalpost.workspaces', 'http_hosts_are_hosts', 'http_hosts = ''{*.example.com}'''),
    ('goalpost.workspaces', 'http_hosts_are_hosts', 'http_hosts = ''{example.com,null}'''),
    ('goalpost.workspaces', 'http_hosts_are_hosts',
     'http_hosts = (select array_agg(n || ''.example.com'') from generate_series(1, 101) n)'),
    ('goalpost.workspaces', 'email_domains_are_domains', 'email_domains = ''{mia@example.com}'''),
    ('goalpost.workspaces', 'email_domains_are_domains', 'email_domains = ''{Example.com}'''),
    ('goalpost.workspaces', 'email_domains_are_domains', 'email_domains = ''{example.com,null}'''),
    ('goalpost.workspaces', 'email_domains_are_domains',
     'email_domains = (select array_agg(n || ''.example.com'') from generate_series(1, 101) n)'),
    ('goalpost.tools', 'approval_is_known', 'approval = ''perhaps'''),
    ('goalpost.tools', 'timeout_is_bounded', 'timeout_seconds = 0'),
    ('goalpost.tools', 'timeout_is_bounded', 'timeout_seconds = 3601'),
    ('goalpost.tools', 'calls_are_bounded', 'max_calls_per_step = 0'),
    ('goalpost.tools', 'calls_are_bounded', 'max_calls_per_step = 1001'),
    ('goalpost.mcp_servers', 'name_is_a_word', 'name = ''a.b'''),
    ('goalpost.mcp_servers', 'url_is_an_address', 'url = ''https://user@x.example.com/'''),
    ('goalpost.mcp_servers', 'url_is_an_address', 'url = ''https://x.example.com/?key=1'''),
    ('goalpost.mcp_servers', 'url_is_an_address', 'url = ''https://x.example.com/'' || repeat(''x'', 500)'),
    ('goalpost.mcp_servers', 'auth_header_name_is_one', 'auth_header_name = ''a b'''),
    ('goalpost.mcp_tools', 'name_is_a_name', 'name = ''a b'''),
    ('goalpost.mcp_tools', 'original_name_is_bounded', 'original_name = '''''),
    ('goalpost.mcp_tools', 'original_name_is_bounded', 'original_name = repeat(''x'', 1001)'),
    ('goalpost.mcp_tools', 'state_is_known', 'state = ''odd'''),
    ('goalpost.mcp_tools', 'approved_only_as_it_reads', 'state = ''approved'', approved_hash = ''other'''),
    ('goalpost.mcp_tools', 'approved_only_as_it_reads', 'state = ''approved'', approved_hash = ''h'', problem = ''p'''),
    ('goalpost.mcp_tools', 'approval_is_known', 'approval = ''perhaps'''),
    ('goalpost.mcp_tools', 'timeout_is_bounded', 'timeout_seconds = 0'),
    ('goalpost.mcp_tools', 'timeout_is_bounded', 'timeout_seconds = 3601'),
    ('goalpost.mcp_tools', 'calls_are_bounded', 'max_calls_per_step = 0'),
    ('goalpost.mcp_tools', 'calls_are_bounded', 'max_calls_per_step = 1001'),
    ('goalpost.writable_tables', 'operations_are_known', 'operations = ''{insert,delete}'''),
    ('goalpost.writable_tables', 'operations_are_known', 'operations = ''{update}'''),
    ('goalpost.writable_tables', 'ours_are_never_listed', 'schema_name = ''goalpost'''),
    ('goalpost.writable_tables', 'ours_are_never_listed', 'schema_name = ''auth'''),
    ('goalpost.writable_tables', 'ours_are_never_listed', 'schema_name = ''pg_catalog'''),
    ('goalpost.members', 'role_is_known', 'role = ''king'''),
    ('goalpost.agents', 'state_is_known', 'state = ''odd'''),
    ('goalpost.schedules', 'texts_are_bounded', 'name = '''''),
    ('goalpost.schedules', 'texts_are_bounded', 'cron = ''* * *'''),
    ('goalpost.schedules', 'texts_are_bounded', 'time_zone = '''''),
    ('goalpost.schedules', 'texts_are_bounded', 'question = repeat(''a'', 16001)'),
    ('goalpost.schedules', 'texts_are_bounded', 'runbook = '''''),
    ('goalpost.schedules', 'overlap_is_known', 'overlap = ''odd'''),
    ('goalpost.schedules', 'catch_up_is_bounded', 'catch_up = 0'),
    ('goalpost.schedules', 'catch_up_is_bounded', 'catch_up = 101'),
    ('goalpost.schedules', 'state_is_known', 'state = ''odd'', next_at = null'),
    ('goalpost.schedules', 'next_tick_while_active', 'next_at = null'),
    ('goalpost.setting_changes', 'subject_is_known', 'subject = ''odd'''),
    ('goalpost.setting_changes', 'name_is_bounded', 'name = repeat(''a'', 501)'),
    ('goalpost.schedule_ticks', 'outcome_is_known', 'outcome = ''odd'', request_id = null'),
    ('goalpost.schedule_ticks', 'request_if_asked', 'outcome = ''skipped'''),
    ('goalpost.agents', 'author_is_known', 'author = ''odd'''),
    ('goalpost.agents', 'texts_are_bounded', 'name = '''''),
    ('goalpost.agents', 'texts_are_bounded', 'role = '''''),
    ('goalpost.agents', 'texts_are_bounded', 'role = repeat(''a'', 20001)'),
    ('goalpost.agents', 'texts_are_bounded', 'model = '''''),
    ('goalpost.agents', 'texts_are_bounded', 'goal_type = '''''),
    ('goalpost.agents', 'texts_are_bounded', 'tools = array_fill(''a''::text, array[101])'),
    ('goalpost.agents', 'max_turns_is_bounded', 'max_turns = 0'),
    ('goalpost.agents', 'max_turns_is_bounded', 'max_turns = 101'),
    ('goalpost.runbooks', 'state_is_known', 'state = ''odd'''),
    ('goalpost.runbooks', 'author_is_known', 'author = ''odd'''),
    ('goalpost.runbooks', 'parameters_are_a_bounded_schema', 'parameters = ''[]'''),
    ('goalpost.runbooks', 'budget_is_a_bounded_object', 'budget = ''[]'''),
    ('goalpost.runbook_matches', 'fit_is_known', 'fit = ''odd'''),
    ('goalpost.improvements', 'kind_is_known', 'kind = ''odd'''),
    ('goalpost.improvements', 'state_is_known', 'state = ''odd'''),
    ('goalpost.improvements', 'title_is_bounded', 'title = '''''),
    ('goalpost.improvements', 'change_is_a_bounded_object', 'change = ''[]'''),
    ('goalpost.workspaces', 'learning_is_known', 'learning = ''odd'''),
    ('goalpost.workspaces', 'retention_days_are_bounded', 'retention_days = 0'),
    ('goalpost.workspaces', 'analysis_seconds_are_bounded', 'analysis_seconds = 59'),
    ('goalpost.feedback', 'rating_is_known', 'rating = ''odd'''),
    ('goalpost.feedback', 'comment_is_bounded', 'comment = repeat(''x'', 4001)'),
    ('goalpost.requests', 'state_is_known', 'state = ''odd'''),
    ('goalpost.requests', 'question_is_given_and_bounded', 'question = '' '''),
    ('goalpost.requests', 'question_is_given_and_bounded', 'question = repeat(''x'', 16001)'),
    ('goalpost.requests', 'context_is_a_bounded_object', 'context = ''[]'''),
    ('goalpost.requests', 'context_is_a_bounded_object',
     'context = (select jsonb_object_agg(n, gen_random_uuid()) from generate_series(1, 4000) n)'),
    ('goalpost.requests', 'idempotency_key_is_bounded', 'idempotency_key = '''''),
    ('goalpost.requests', 'idempotency_key_is_bounded', 'idempotency_key = repeat(''x'', 256)'),
    ('goalpost.requests', 'runbook_is_bounded', 'runbook = '''''),
    ('goalpost.requests', 'parameters_are_a_bounded_object', 'parameters = ''[]'''),
    ('goalpost.requests', 'parameters_are_a_bounded_object',
     'parameters = (select jsonb_object_agg(n, gen_random_uuid()) from generate_series(1, 4000) n)'),
    ('goalpost.requests', 'ended_at_only_when_ended', 'ended_at = now()'),
    ('goalpost.goals', 'state_is_known', 'state = ''odd'', ended_at = now()'),
    ('goalpost.goals', 'ended_at_only_when_ended', 'ended_at = now()'),
    ('goalpost.goals', 'parents_come_together', 'parent_step_key = ''a'''),
    ('goalpost.goals', 'parents_come_together', 'parent_goal_id = id'),
    ('goalpost.goal_criteria', 'verdict_is_known', 'verdict = ''odd'''),
    ('goalpost.goal_criteria', 'decided_by_is_known', 'verdict = ''met'', decided_by = ''luck'''),
    ('goalpost.goal_criteria', 'open_verdict_has_no_author', 'verdict = ''open'', decided_by = ''check'''),
    ('goalpost.workflow_runs', 'workflow_type_is_known', 'workflow_type = ''odd'' where goal_id is null'),
    ('goalpost.workflow_runs', 'goal_belongs_to_a_goal_run', 'workflow_type = ''goal'' where goal_id is null'),
    ('goalpost.workflow_runs', 'goal_belongs_to_a_goal_run', 'workflow_type = ''request'' where goal_id is not null'),
    ('goalpost.workflow_runs', 'state_is_known', 'state = ''odd'', ended_at = now()'),
    ('goalpost.workflow_runs', 'ended_at_only_when_ended', 'ended_at = now() where state = ''running'''),
    ('goalpost.steps', 'kind_is_known', 'kind = ''odd'''),
    ('goalpost.steps', 'lease_only_while_running', 'lease_expires_at = now() where key = ''lonely'''),
    ('goalpost.steps', 'ended_at_only_when_ended', 'ended_at = now() where key = ''lonely'''),
    ('goalpost.steps', 'result_only_when_completed', 'result = ''{}'' where key = ''lonely'''),
    ('goalpost.steps', 'remaining_dependencies_is_not_negative', 'remaining_dependencies = -1'),
    ('goalpost.steps', 'attempts_are_bounded', 'attempt = 0'),
    ('goalpost.steps', 'attempts_are_bounded', 'max_attempts = 0'),
    ('goalpost.steps', 'attempts_are_bounded', 'max_attempts = 1001'),
    ('goalpost.steps', 'timeout_is_bounded', 'timeout_seconds = 0'),
    ('goalpost.steps', 'timeout_is_bounded', 'timeout_seconds = 86401'),
    ('goalpost.steps', 'on_failure_is_known', 'on_failure = ''odd'''),
    ('goalpost.steps', 'no_step_waits_for_itself', 'depends_on = array[key]'),
    ('goalpost.step_attempts', 'outcome_is_known', 'outcome = ''odd'''),
    ('goalpost.approvals', 'state_is_known', 'state = ''odd'''),
    ('goalpost.approvals', 'kind_is_known', 'kind = ''odd'''),
    ('goalpost.approvals', 'quorum_is_bounded', 'quorum = 0'),
    ('goalpost.approvals', 'quorum_is_bounded', 'quorum = 21'),
    ('goalpost.approvals', 'escalation_is_whole', 'escalates_at = now()'),
    ('goalpost.approvals', 'escalation_is_whole', 'escalates_to = ''owner'''),
    ('goalpost.approvals', 'escalation_is_whole', 'escalates_at = now(), escalates_to = ''viewer'''),
    ('goalpost.approvals', 'subject_comes_with_its_hash', 'subject = ''{}'' where subject is null'),
    ('goalpost.approvals', 'subject_comes_with_its_hash', 'subject_hash = ''x'' where subject is null'),
    ('goalpost.approvals', 'required_role_is_known', 'required_role = ''viewer'''),
    ('goalpost.approvals', 'on_reject_is_known', 'on_reject = ''odd'''),
    ('goalpost.approvals', 'decided_by_a_person_only_when_decided', 'decided_by = gen_random_uuid()'),
    ('goalpost.approvals', 'decided_by_a_person_only_when_decided', 'state = ''approved'''),
    ('goalpost.approvals', 'comment_is_bounded', 'comment = repeat(''x'', 4001)'),
    ('goalpost.agent_instances', 'state_is_known', 'state = ''odd'''),
    ('goalpost.agent_instances', 'closed_at_only_when_closed', 'closed_at = now()'),
    ('goalpost.agent_instances', 'closed_at_only_when_closed', 'state = ''closed'''),
    ('goalpost.usage_events', 'nothing_is_negative', 'input_tokens = -1'),
    ('goalpost.usage_events', 'nothing_is_negative', 'output_tokens = -1'),
    ('goalpost.usage_events', 'nothing_is_negative', 'cached_tokens = -1'),
    ('goalpost.usage_events', 'nothing_is_negative', 'cost_microusd = -1'),
    ('goalpost.embedding_spaces', 'name_is_bounded', 'name = '''' where name = ''spare'''),
    ('goalpost.embedding_spaces', 'baseline_is_a_cosine', 'baseline = 1.1'),
    ('goalpost.embedding_spaces', 'baseline_is_a_cosine', 'baseline = -1.1'),
    ('goalpost.runbook_embeddings', 'phrases_are_bounded', 'phrases = ''{}'''),
    ('goalpost.memories', 'scope_is_known', 'scope = ''odd'', goal_id = null'),
    ('goalpost.memories', 'scope_matches_owner', 'goal_id = null'),
    ('goalpost.memories', 'scope_matches_owner', 'user_id = gen_random_uuid()'),
    ('goalpost.memories', 'scope_matches_owner', 'agent_name = ''a'''),
    ('goalpost.memories', 'kind_is_known', 'kind = ''odd'''),
    ('goalpost.memories', 'text_is_given_and_bounded', 'text = '' '''),
    ('goalpost.memories', 'text_is_given_and_bounded', 'text = repeat(''x'', 8001)'),
    ('goalpost.memories', 'text_is_given_and_bounded', 'title = repeat(''x'', 301)'),
    ('goalpost.memories', 'embedding_has_a_space', 'space = null'),
    ('goalpost.memories', 'trust_is_known', 'trust = ''odd'''),
    ('goalpost.memories', 'provenance_comes_together', 'run_id = 1'),
    ('goalpost.memories', 'provenance_comes_together', 'run_id = 1, step_key = ''a'''),
    ('goalpost.step_turns', 'state_is_known', 'state = ''odd'', answer = null, ended_at = now()'),
    ('goalpost.step_turns', 'ended_at_only_when_ended', 'ended_at = null'),
    ('goalpost.step_turns', 'answer_only_when_answered', 'answer = null'),
    ('goalpost.step_turns', 'nothing_is_negative', 'max_input_tokens = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'max_output_tokens = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'reserved_microusd = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'input_tokens = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'output_tokens = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'cached_tokens = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'cache_write_tokens = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'reasoning_tokens = -1'),
    ('goalpost.step_turns', 'nothing_is_negative', 'cost_microusd = -1'),
    ('goalpost.tool_calls', 'state_is_known', 'state = ''odd'''),
    ('goalpost.tool_calls', 'ended_at_only_when_ended', 'ended_at = now()'),
    ('goalpost.tool_calls', 'ended_at_only_when_ended', 'state = ''failed'''),
    ('goalpost.tool_calls', 'result_only_when_done', 'result = ''{}'''),
    ('goalpost.tool_calls', 'started_at_when_running', 'state = ''running'', started_at = null'),
    ('goalpost.workspaces', 'budgets_are_bounded', 'granted_month_microusd = -1'),
    ('goalpost.workspaces', 'budgets_are_bounded', 'granted_month_tokens = 1000000000001'),
    ('goalpost.invitations', 'names_one_person', 'user_id = gen_random_uuid()'),
    ('goalpost.invitations', 'names_one_person', 'email = null'),
    ('goalpost.invitations', 'email_is_bounded', 'email = ''Capital@tests.example'''),
    ('goalpost.invitations', 'email_is_bounded', 'email = ''x'''),
    ('goalpost.invitations', 'role_is_known', 'role = ''king'''),
    ('goalpost.workspaces', 'budgets_are_bounded', 'goal_budget_microusd = -1'),
    ('goalpost.workspaces', 'budgets_are_bounded', 'user_day_tokens = 1000000000001'),
    ('goalpost.workspaces', 'on_exhausted_is_known', 'on_exhausted = ''odd'''),
    ('goalpost.workspaces', 'on_unknown_is_known', 'on_unknown = ''odd'''),
    ('goalpost.requests', 'budget_is_a_bounded_object', 'budget = ''[]'''),
    ('goalpost.requests', 'budget_is_a_bounded_object', 'budget = jsonb_build_object(''x'', (select string_agg(md5(n::text), '''') from generate_series(1, 100) n))'),
    ('goalpost.budgets', 'scope_is_known', 'scope = ''odd'' where scope = ''user_day'''),
    ('goalpost.budgets', 'nothing_is_negative', 'cap_microusd = -1, spent_microusd = -1'),
    ('goalpost.budgets', 'nothing_is_negative', 'reserved_tokens = -1'),
    ('goalpost.budgets', 'the_cap_is_kept', 'spent_microusd = cap_microusd, reserved_microusd = 1'),
    ('goalpost.budgets', 'the_cap_is_kept', 'spent_tokens = cap_tokens, reserved_tokens = 1'),
    ('goalpost.model_prices', 'nothing_is_negative', 'cached_microusd = -1'),
    ('goalpost_private.limits', 'queries_are_bounded', 'max_queries = 0'),
    ('goalpost_private.limits', 'queries_are_bounded', 'max_queries = 65'),
    ('goalpost_private.limits', 'queries_are_bounded', 'max_queries_per_workspace = 0'),
    ('goalpost_private.limits', 'queries_are_bounded', 'max_queries_per_workspace = 65'),
    ('goalpost_private.request_claims', 'claims_are_an_object', 'claims = ''[]'''),
    ('goalpost.rate_limits', 'scope_is_known', 'scope = ''odd'''),
    ('goalpost.rate_limits', 'per_seconds_is_bounded', 'per_seconds = -1'),
    ('goalpost.rate_limits', 'per_seconds_is_bounded', 'per_seconds = 86401'),
    ('goalpost.rate_limits', 'slots_are_bounded', 'slots = 0'),
    ('goalpost.rate_limits', 'slots_are_bounded', 'slots = 1001'),
    ('goalpost.tool_policies', 'effect_is_known', 'effect = ''odd'''),
    ('goalpost.tool_policies', 'name_is_bounded', 'name = '''''),
    ('goalpost.tool_policies', 'name_is_bounded', 'name = repeat(''x'', 101)'),
    ('goalpost.step_turns', 'nothing_is_negative', 'cache_write_tokens = -1'),
    ('goalpost.tool_calls', 'started_at_when_running', 'state = ''running'''),
    ('goalpost.wakes', 'function_is_known', 'function = ''odd'''),
    ('goalpost_private.model_capabilities', 'output_format_is_known', 'output_format = ''xml'''),
    ('goalpost_private.model_capabilities', 'limit_parameter_is_known', 'limit_parameter = ''limit'''),
    ('goalpost_private.model_capabilities', 'tokens_are_positive', 'max_output_tokens = 0'),
    ('goalpost_private.model_capabilities', 'tokens_are_positive', 'context_tokens = 0'),
    ('goalpost_private.endpoints', 'sizes_are_positive', 'batch_size = 0'),
    ('goalpost_private.endpoints', 'sizes_are_positive', 'max_wakes = 0')
  ) c (tablename, name, change);
insert into goalpost_private.request_claims (request_id, workspace_id, claims, taken_at) select q.id, q.workspace_id, '{}', now() from goalpost.requests q on conflict do nothing;
select goalpost_private.add_embedding_space('spare');
-- A trigger checks a changed state of a step first; and there is one row of limits.
insert into broken values
  ('goalpost.steps.state_is_known', format(
    'insert into goalpost.steps (run_id, key, workspace_id, kind, title, state) values (%s, ''odd'', %L, ''tool'', ''t'', ''odd'')',
    tests.get('run'), tests.id_of('acme'))),
  ('goalpost_private.limits.limits_only_row_check', 'insert into goalpost_private.limits (only_row) values (false)');

-- The table and the name of the check that refuses a statement.
create function pg_temp.refused_by(p_statement text) returns text language plpgsql as $$
declare
  v_schema text;
  v_table text;
  v_name text;
begin
  execute p_statement;
  return 'nothing';
exception
  when check_violation then
    get stacked diagnostics v_schema = schema_name, v_table = table_name, v_name = constraint_name;
    return concat_ws('.', v_schema, v_table, v_name);
end
$$;

select is(pg_temp.refused_by(statement), claim, 'a check refuses: ' || statement) from broken order by claim, statement;
select set_eq('select distinct claim from broken',
  $$ select concat_ws('.', n.nspname, c.relname, k.conname) from pg_catalog.pg_constraint k
       join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'c' and n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') $$,
  'every check has an example in this file');

select * from finish();
rollback;

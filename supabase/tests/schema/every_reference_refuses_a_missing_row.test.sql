-- Each foreign key is broken once, alone: its last column gets the value of no row.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', '{}');
insert into goalpost.runbook_statistics (workspace_id, runbook_id, folded_at) select workspace_id, id, now() from goalpost.runbooks where name = 'own';
insert into goalpost.agent_statistics (workspace_id, agent_id, folded_at) select workspace_id, id, now() from goalpost.agents where name = 'own';
insert into goalpost.unfolded_statistics (workspace_id, day) values (tests.id_of('acme'), '2030-01-01');
insert into goalpost.daily_usage (workspace_id, day, user_id, calls, input_tokens, output_tokens, cost_microusd) values (tests.id_of('acme'), '2030-01-01', tests.id_of('mia'), 1, 1, 1, 1);
insert into goalpost.project_admins values (tests.id_of('olga'));
select tests.set('run', tests.planned('a, ap, sub, c:a', jsonb_build_object('a', tests.agent('own'), 'ap', tests.approval(), 'sub', tests.subgoal()), '["good"]'));
select tests.spend(tests.get('run'), 'a', 1);
select tests.finish(tests.get('run'), 'a', 'completed', '{"result": {}}');
select tests.bare_call(tests.get('run'), 'a');
select tests.furnish(tests.get('run'), 'c');
update goalpost.corrections set agent_id = (select id from goalpost.agents where name = 'own');
update goalpost.workflow_runs set runbook_id = (select id from goalpost.runbooks where name = 'own');
update goalpost.plan_revisions set runbook_id = (select id from goalpost.runbooks where name = 'own');
select tests.set('broken', tests.planned('z'));
select tests.do_fail(tests.get('broken'), 'z');
select tests.memory('remembered', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.get('run'))).id, 'axis', 1));
insert into goalpost.memory_uses select tests.get('run'), 'a', 1, 0, 1, workspace_id, id, 1, false, now() from goalpost.memories;
update goalpost.improvements i set memory_id = m.id, agent_id = (select min(a.id) from goalpost.agents a) from goalpost.memories m where m.workspace_id = i.workspace_id;
insert into goalpost.memory_statistics (workspace_id, memory_id, folded_at) select workspace_id, id, now() from goalpost.memories;
select tests.memory('lonely');
insert into goalpost.schedules (workspace_id, name, user_id, question, cron, time_zone, state) values (tests.id_of('acme'), 'lonely', tests.id_of('mia'), 'q', '0 9 * * *', 'UTC', 'paused');
insert into goalpost.request_messages (workspace_id, source, message_id, outcome, decided_at) values (tests.id_of('acme'), 'aws', 'lonely', 'refused', now());
insert into goalpost.request_rules (workspace_id, name, user_id, schema_name, table_name, events, question, columns) values (tests.id_of('acme'), 'lonely', tests.id_of('mia'), 'public', 'orders', '{insert}', 'q', '{}');
insert into goalpost.notification_targets (workspace_id, name, kind, shown_address, occasions, created_by, created_at) values (tests.id_of('acme'), 'lonely', 'email', 'a@tests.example', '{}', tests.id_of('mia'), now());
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) values (tests.id_of('acme'), 'docs', 'https://docs.example.com/', tests.id_of('adam'), now()), (tests.id_of('acme'), 'lonely', 'https://docs.example.com/', tests.id_of('adam'), now());
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at) select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers where name = 'docs';
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'notes');
insert into goalpost_private.table_writes (run_id, step_key, call_number, request_hash, written_at) values (tests.get('run'), 'a', 0, 'h', now());
insert into goalpost_private.value_reads (run_id, step_key, read_at) values (tests.get('run'), 'a', now());
insert into goalpost_private.request_claims (request_id, workspace_id, claims, taken_at) select q.id, q.workspace_id, '{}', now() from goalpost.requests q on conflict do nothing;
-- Tables that no key refers to: changing their own key breaks no other reference.
select tests.bare_step(tests.bare_run(), 'lonely');
select tests.bare_turn(tests.get('broken'), 'z');
insert into goalpost.requests (workspace_id, user_id, question) values (tests.id_of('acme'), tests.id_of('mia'), 'lonely');
set constraints all immediate;

-- The key that refuses a missing row; null when the key does not exist at all.
create function pg_temp.refused(p_table regclass, p_columns text) returns text language plpgsql as $$
declare
  v_key pg_catalog.pg_constraint;
  v_column pg_catalog.pg_attribute;
  v_name text;
begin
  select k.* into v_key from pg_catalog.pg_constraint k
   where k.conrelid = p_table and k.contype = 'f'
     and p_columns = (select string_agg(a.attname, ', ' order by u.n) from unnest(k.conkey) with ordinality u (number, n)
                        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number);
  select a.* into v_column from pg_catalog.pg_attribute a
   where a.attrelid = p_table and a.attname = split_part(p_columns, ', ', -1);
  execute format('update %s set %I = %L where ctid = (select ctid from %s where %I is not null order by %s desc limit 1)',
    p_table, v_column.attname,
    case v_column.atttypid when 'uuid'::regtype then gen_random_uuid()::text when 'text'::regtype then 'nowhere' else '-1' end,
    p_table, v_column.attname,
    case p_table when 'goalpost.steps'::regclass then '(key = ''lonely'')'
                 when 'goalpost.step_turns'::regclass then '(step_key = ''z'')'
                 when 'goalpost.memories'::regclass then '(text = ''lonely'')'
                 when 'goalpost.mcp_servers'::regclass then '(name = ''lonely'')'
                 when 'goalpost.request_rules'::regclass then '(name = ''lonely'')'
                 when 'goalpost.request_messages'::regclass then case when p_columns = 'workspace_id' then '(message_id = ''lonely'')' else '(message_id <> ''lonely'')' end
                 when 'goalpost.notification_targets'::regclass then '(name = ''lonely'')'
                 when 'goalpost.schedules'::regclass then '(name = ''lonely'')'
                 when 'goalpost.requests'::regclass then '(question = ''lonely'')' else 'ctid' end);
  return 'nothing';
exception
  when foreign_key_violation then
    get stacked diagnostics v_name = constraint_name;
    return case when v_name = v_key.conname then 'its key' else 'another key' end;
end
$$;

create temp table reference (from_table text, columns text);
insert into reference values
  ('goalpost.invitations', 'workspace_id'), ('goalpost.members', 'workspace_id'), ('goalpost.members', 'user_id'), ('goalpost.project_admins', 'user_id'),
  ('goalpost.agents', 'workspace_id'), ('goalpost.runbooks', 'workspace_id'), ('goalpost.setting_changes', 'workspace_id'),
  ('goalpost.feedback', 'workspace_id, goal_id'), ('goalpost_private.rating_effects', 'workspace_id, goal_id'), ('goalpost.runbook_matches', 'runbook_id'), ('goalpost.runbook_embeddings', 'runbook_id'), ('goalpost.runbook_embeddings', 'workspace_id'), ('goalpost.runbook_embeddings', 'space'), ('goalpost.improvements', 'runbook_id'), ('goalpost.improvements', 'agent_id'), ('goalpost.schedules', 'workspace_id'), ('goalpost.request_rules', 'workspace_id'), ('goalpost.request_messages', 'workspace_id'), ('goalpost.request_messages', 'workspace_id, request_id'), ('goalpost.rule_firings', 'workspace_id, rule_id'), ('goalpost.rule_firings', 'workspace_id, request_id'), ('goalpost.notification_targets', 'workspace_id'), ('goalpost.notification_targets', 'workspace_id, user_id'), ('goalpost.notifications', 'workspace_id, target_id'), ('goalpost.notifications', 'workspace_id, approval_id'), ('goalpost.notifications', 'workspace_id, request_id'), ('goalpost_private.decision_links', 'notification_id'), ('goalpost.schedule_ticks', 'workspace_id, schedule_id'), ('goalpost.schedule_ticks', 'workspace_id, request_id'), ('goalpost.improvements', 'workspace_id, run_id'), ('goalpost.improvements', 'workspace_id, approval_id'), ('goalpost.improvements', 'workspace_id, memory_id'), ('goalpost.improvements', 'workspace_id'), ('goalpost.memory_statistics', 'workspace_id, memory_id'), ('goalpost_private.analysis_schedule', 'workspace_id'), ('goalpost.runbook_matches', 'workspace_id, run_id'), ('goalpost.runbook_statistics', 'runbook_id'), ('goalpost.agent_statistics', 'agent_id'),
  ('goalpost.runbook_statistics', 'workspace_id'), ('goalpost.agent_statistics', 'workspace_id'),
  ('goalpost.unfolded_statistics', 'workspace_id'), ('goalpost.daily_usage', 'workspace_id'),
  ('goalpost.requests', 'workspace_id'), ('goalpost.requests', 'workspace_id, goal_id'),
  ('goalpost.goals', 'workspace_id, request_id'), ('goalpost.goals', 'workspace_id, parent_goal_id'),
  ('goalpost.goals', 'workspace_id, root_goal_id'), ('goalpost.goal_criteria', 'workspace_id, goal_id'),
  ('goalpost.workflow_runs', 'runbook_id'), ('goalpost.workflow_runs', 'workspace_id, request_id'),
  ('goalpost.workflow_runs', 'workspace_id, goal_id'), ('goalpost.workflow_runs', 'workspace_id, parent_goal_id'),
  ('goalpost.workflow_runs', 'workspace_id, root_run_id'),
  ('goalpost.steps', 'run_id'), ('goalpost.steps', 'agent_id'),
  ('goalpost.plan_revisions', 'runbook_id'),
  ('goalpost.plan_revisions', 'workspace_id, run_id'), ('goalpost.approvals', 'run_id, step_key'),
  ('goalpost.approvals', 'workspace_id, goal_id'), ('goalpost.agent_instances', 'agent_id'),
  ('goalpost.agent_instances', 'workspace_id, run_id'), ('goalpost.usage_events', 'run_id, step_key, number'),
  ('goalpost.usage_events', 'agent_id'), ('goalpost.usage_events', 'workspace_id, goal_id'),
  ('goalpost.memories', 'workspace_id'), ('goalpost.memories', 'workspace_id, goal_id'), ('goalpost.memories', 'space'),
  ('goalpost.memory_uses', 'run_id, step_key'), ('goalpost.memory_uses', 'workspace_id, memory_id'),
  ('goalpost.step_turns', 'run_id, step_key'), ('goalpost.tool_calls', 'run_id, step_key'),
  ('goalpost.mcp_servers', 'workspace_id'), ('goalpost_private.request_claims', 'workspace_id, request_id'), ('goalpost_private.request_embeddings', 'workspace_id, request_id'), ('goalpost_private.request_embeddings', 'space'), ('goalpost.mcp_tools', 'workspace_id, server_id'), ('goalpost.writable_tables', 'workspace_id'), ('goalpost_private.table_writes', 'run_id, step_key'), ('goalpost_private.value_reads', 'run_id, step_key'), ('goalpost_private.budget_waiters', 'run_id, step_key'), ('goalpost.approvals', 'workspace_id, decided_with'), ('goalpost.approval_votes', 'workspace_id, approval_id'), ('goalpost.corrections', 'workspace_id, approval_id'), ('goalpost.corrections', 'workspace_id, goal_id'), ('goalpost.corrections', 'agent_id'), ('goalpost.budgets', 'workspace_id'), ('goalpost.budget_raises', 'workspace_id, approval_id'), ('goalpost.budget_raises', 'workspace_id, scope, key'), ('goalpost.tool_policies', 'workspace_id'), ('goalpost.rate_limits', 'workspace_id'), ('goalpost_private.limit_slots', 'limit_id'), ('goalpost.dead_letters', 'run_id, step_key');

select is(pg_temp.refused(from_table::regclass, columns), 'its key', format('a missing row is refused by the reference %s (%s)', from_table, columns))
  from reference order by from_table, columns;
select set_eq('select from_table, columns from reference',
  $$ select k.conrelid::regclass::text, (select string_agg(a.attname, ', ' order by u.n) from unnest(k.conkey) with ordinality u (number, n)
              join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number)
       from pg_catalog.pg_constraint k where k.contype = 'f' and k.connamespace in ('goalpost'::regnamespace, 'goalpost_private'::regnamespace) $$,
  'every reference is tested in this file');

-- Between tables with a workspace, the key contains it as well: a row cannot refer to another tenant's.
select is_empty(
  $$ select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint k
      where k.contype = 'f' and k.confrelid in ('goalpost.requests'::regclass, 'goalpost.goals'::regclass, 'goalpost.workflow_runs'::regclass)
        and k.conrelid <> 'goalpost.steps'::regclass
        and not exists (select from pg_catalog.pg_attribute a
                         where a.attrelid = k.conrelid and a.attnum = any (k.conkey) and a.attname = 'workspace_id') $$,
  'all references but those of steps contain the workspace');

select * from finish();
rollback;

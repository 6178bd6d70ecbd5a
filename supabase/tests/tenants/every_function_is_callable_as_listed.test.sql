-- The right to call is attempted for every function of our schemas in the catalog (and those of vault and cron), by
-- every actor. A function that is not in `expected` may be called by no one, so that a new one that can be called fails
-- until it is listed. Below: the result of each of the people's functions for each role, on rows of acme (theirs) and of
-- elsewhere (the stranger's), and that a stranger's row is refused like one that does not exist.
begin;
select * from no_plan();
select tests.world();

select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
create temp table place as select * from (values ('acme', 'mia'), ('elsewhere', 'sam')) p (workspace, person);
select tests.set('run_' || workspace, tests.planned('ap', jsonb_build_object('ap', tests.approval()), '[]', person, workspace)) from place;
select tests.set('broken_' || workspace, tests.planned('a', '{}', '[]', person, workspace)) from place;
select tests.do_fail(tests.get('broken_' || workspace), 'a') from place;
select tests.report_failure(tests.get('broken_' || workspace)) from place;
insert into goalpost.invitations (workspace_id, workspace_name, email, role, invited_by, created_at, expires_at) select tests.id_of(workspace), 'w', 'new@tests.example', 'member', tests.id_of(case workspace when 'acme' then 'olga' else 'sam' end), now(), '2040-01-01' from place;
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) select tests.id_of(workspace), 'docs', 'https://docs.example.com/', tests.id_of(person), now() from place;
insert into goalpost.request_rules (workspace_id, name, user_id, schema_name, table_name, events, question, columns) select tests.id_of(workspace), 'own', gen_random_uuid(), 'public', 'orders', '{insert}', 'q', '{}' from place;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) select tests.id_of(workspace), 'own', 't', 'd', 'g', '{}' from place;
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at) select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;

create temp table actor (number integer generated always as identity, name text, person text, role text);
insert into actor (name, person, role) values
  ('anon', null, 'anon'), ('no_sub', null, 'authenticated'), ('stranger', 'sam', 'authenticated'),
  ('operator', 'oscar', 'authenticated'), ('viewer', 'vera', 'authenticated'), ('member', 'mia', 'authenticated'),
  ('approver', 'petra', 'authenticated'), ('admin', 'adam', 'authenticated'), ('owner', 'olga', 'authenticated'),
  ('asker', 'mia', 'goalpost_asker'), ('worker', null, 'goalpost_worker'), ('service', null, 'service_role');

-- Functions by name, with any arguments, and the role that may call them.
create temp table expected (name text primary key, role text);
insert into expected
select s || f, 'authenticated'
  from unnest(array['accept_requests', 'decide_approval', 'cancel_request', 'cancel_goal', 'retry_dead_letter', 'retry_dead_letters', 'create_workspace', 'set_member_role', 'remove_member', 'leave_workspace', 'invite_member', 'accept_invitation', 'withdraw_invitation', 'grant_budget', 'set_project_limits', 'add_project_admin', 'remove_project_admin', 'read_project_admins', 'add_mcp_server', 'approve_mcp_tool', 'remove_mcp_server', 'read_inbox', 'give_feedback', 'start_analysis', 'revert_improvement', 'check_runbook', 'apply_runbook', 'set_runbook_state', 'apply_agent', 'set_agent_state', 'set_schedule', 'add_notification_target', 'remove_notification_target', 'set_notification_preferences', 'test_notification_target', 'change_schedule', 'next_ticks', 'set_request_rule', 'change_request_rule', 'test_request_rule', 'set_tool_policy', 'remove_tool_policy', 'set_rate_limit', 'set_workspace_limits', 'set_workspace_settings', 'read_retention', 'set_tool_access', 'set_tool_secret', 'read_tool_secrets', 'set_model_price', 'revoke_memory']) f,
       unnest(array['goalpost.', 'goalpost_private.']) s
union all
select 'goalpost.accept_request', 'authenticated'
union all
select 'goalpost.read_report', 'authenticated'
union all
select 'goalpost.read_period_report', 'authenticated'
union all
select 'goalpost_private.' || f, 'authenticated' from unnest(array['my_workspaces', 'am_project_admin', 'may_decide', 'my_email', 'is_requester', 'is_private_call', 'may_read_journal', 'may_read_approval', 'goal_progress', 'goals_of_report', 'report_steps', 'report_usage', 'report_history', 'report_suggestions', 'period_requests', 'period_work', 'period_usage', 'period_decisions', 'period_dearest', 'bounded', 'collected', 'role_rank', 'hash_of', 'version_of', 'count_votes']) f
union all
select 'goalpost_worker.' || f, 'goalpost_worker'
  from unnest(array['claim_steps', 'finish_steps', 'heartbeat_steps', 'answer_query', 'check_queries', 'read_common_values', 'read_period', 'forget_work', 'claim_notifications', 'end_notifications', 'read_decision_link', 'decide_by_link', 'sweep', 'record_webhook', 'accept_message', 'fold_statistics', 'read_evidence', 'recall_memories', 'read_journal', 'begin_turn', 'end_turn', 'freeze_calls', 'begin_calls', 'end_calls', 'carry_out_call', 'write_table', 'read_webhook_secret', 'read_mcp_server', 'record_mcp_tools', 'remember', 'embed_memories', 'embed_runbooks', 'match_question']) f
union all
select 'goalpost_private.' || f, 'goalpost_asker' from unnest(array['analyse_query', 'open_temporary_schema']) f;

create temp table routine as
select p.oid, format('%s.%s', n.nspname, p.proname) as name, n.nspname as schema,
       format('%s %I.%I(%s)', case when p.prokind = 'p' then 'call' when p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) then 'select' else 'select count(*) from' end, n.nspname, p.proname,
              -- Not every role may name the types of extensions.
              (select string_agg(case when y.typnamespace = 'extensions'::regnamespace then 'null' else format('null::%s', format_type(t, null)) end, ', ' order by number)
                 from unnest(p.proargtypes::oid[]) with ordinality a (t, number) join pg_catalog.pg_type y on y.oid = t)) as statement
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private', 'public', 'vault', 'cron') and p.prokind in ('f', 'p', 'w')
   and not (n.nspname = 'public' and exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e'));
select is_empty('select name from expected except select name from routine', 'every listed function exists in the catalog');
select set_eq(
  $$ select name from routine where schema in ('goalpost', 'goalpost_worker') $$,
  $$ select name from expected where name not like 'goalpost\_private.%' $$, 'every exposed function of the catalog is listed');

-- The result of a call for an actor: its value, the SQLSTATE, or 'no' when the actor may not call this function (and not
-- one that it calls). It is always undone.
create function pg_temp.attempt(p_person text, p_role text, p_claims text, p_sql text) returns text
language plpgsql
as $$
declare
  v_value text;
begin
  perform set_config('request.jwt.claims', coalesce(p_claims, ''), true);
  if p_person is not null then
    perform tests.speak_as(p_person);
  end if;
  perform set_config('role', p_role, true);
  execute p_sql into v_value;
  raise exception using errcode = 'TT001', message = coalesce(v_value, 'null');
exception
  when sqlstate 'TT001' then
    return sqlerrm;
  when others then
    return case when sqlstate = '42501' and (sqlerrm ~ '^permission denied for (function|procedure) ' and p_sql ~ format('\m%s\(', split_part(sqlerrm, ' ', 5))
                                             or sqlerrm ~ '^permission denied for schema ' and p_sql ~ format('\m%s\.', split_part(sqlerrm, ' ', 5))) then 'no'
                else sqlstate end;
end
$$;
create function pg_temp.outcome_of(p_actor actor, p_sql text) returns text
language sql
as $$ select pg_temp.attempt(p_actor.person, p_actor.role, case p_actor.name when 'no_sub' then '{"role": "authenticated"}' end, p_sql) $$;

-- 1. The right to call. Supabase's key has Vault's functions by Vault's own grant.
select case when e.role is not null and pg_has_role(a.role, e.role, 'usage')
            then isnt(pg_temp.outcome_of(a, r.statement), 'no', format('%s may call %s', a.name, r.oid::regprocedure))
            else is(pg_temp.outcome_of(a, r.statement), 'no', format('%s may not call %s', a.name, r.oid::regprocedure)) end
  from routine r cross join actor a left join expected e on e.name = r.name
 where not (r.schema = 'vault' and a.name = 'service')
 order by r.oid::regprocedure::text, a.number;

-- 2. The result for each actor. One line for each call, one word for each of: anon, no_sub, stranger, operator, viewer,
-- member, approver, admin, owner; ok: it succeeds. ZG001: there is no such thing. ZG002: not with this role.
create temp table duty (number integer generated always as identity, what text, statement text, came text[]);
insert into goalpost.improvements (workspace_id, kind, title, change, fingerprint, evidence, run_id, state, created_at, changed_at)
select tests.id_of(w), 'finding', 't', '{}', 'f', '{}', tests.get('run_' || w), 'applied', now(), now() from unnest(array['acme', 'elsewhere']) w;
insert into goalpost.agents (workspace_id, name, role) select tests.id_of(w), 'own', 'r' from unnest(array['acme', 'elsewhere']) w;
update goalpost.workspaces set webhook_hosts = '{hooks.example.com}' where id in (tests.id_of('acme'), tests.id_of('elsewhere'));
insert into goalpost.notification_targets (workspace_id, name, kind, shown_address, occasions, created_by, created_at)
select tests.id_of(w), 'channel', 'slack', 'hooks.example.com', '{}', tests.id_of('olga'), now() from unnest(array['acme', 'elsewhere']) w;
create function pg_temp.of(p_kind text, p_workspace text) returns text
language sql
as $$
  select case p_kind
    when 'request' then (select q.id from goalpost.requests q where q.id = (tests.request_of(tests.get('run_' || p_workspace))).id)
    when 'goal' then (tests.goal_of(tests.get('run_' || p_workspace))).id
    when 'approval' then (tests.approval_of(tests.get('run_' || p_workspace), 'ap')).id
    when 'invitation' then (select i.id from goalpost.invitations i where i.workspace_id = tests.id_of(p_workspace))
    when 'broken goal' then (tests.goal_of(tests.get('broken_' || p_workspace))).id
    when 'improvement' then (select max(i.id) from goalpost.improvements i where i.workspace_id = tests.id_of(p_workspace))
    when 'agent' then (select a.id from goalpost.agents a where a.workspace_id = tests.id_of(p_workspace) order by a.id limit 1)
    when 'runbook' then (select b.id from goalpost.runbooks b where b.workspace_id = tests.id_of(p_workspace) and b.name = 'own')
    when 'letter' then tests.dead_letter_of(tests.get('broken_' || p_workspace), 'a') end::text
$$;
insert into duty (what, statement, came)
select d.what || ' of ' || w.workspace, format(d.statement, case when d.kind = 'workspace' then quote_literal(tests.id_of(w.workspace)) else pg_temp.of(d.kind, w.workspace) end),
       string_to_array(regexp_replace(case w.workspace when 'acme' then d.own else d.other end, '\s+', ' ', 'g'), ' ')
  from (values ('acme'), ('elsewhere')) w (workspace), (values
    --                                                                                          anon no_sub stranger operator viewer member approver admin owner
    ('ask', 'workspace', 'select goalpost.accept_request(%s, ''?'') is not null',              'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('decide', 'approval', 'select goalpost.decide_approval(%s, ''approved'') is not null',    'no  ZG002  ZG001    ZG001    ZG002  ZG002  ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('cancel a request', 'request', 'select goalpost.cancel_request(%s) is not null',          'no  ZG002  ZG001    ZG001    ZG002  ok     ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('cancel a goal', 'goal', 'select goalpost.cancel_goal(%s) is not null',                   'no  ZG002  ZG001    ZG001    ZG002  ok     ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('retry', 'letter', 'select goalpost.retry_dead_letter(%s) is not null',                   'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('invite a member', 'workspace',
     format('select goalpost.invite_member(%%s, %L, ''member'') is not null', tests.id_of('oscar')), 'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('invite an owner', 'workspace',
     format('select goalpost.invite_member(%%s, %L, ''owner'') is not null', tests.id_of('oscar')),  'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ZG002 ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('make a viewer a member', 'workspace',
     format('select goalpost.set_member_role(%%s, %L, ''member'') is not null', tests.id_of('vera')), 'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('remove a viewer', 'workspace',
     format('select goalpost.remove_member(%%s, %L) is not null', tests.id_of('vera')),         'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('leave', 'workspace', 'select goalpost.leave_workspace(%s) is not null',                  'no  ZG002  ZG001    ZG001    ok     ok     ok       ok    ZG004',
                                                                                               'no  ZG002  ZG004    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('grant money', 'workspace', 'select goalpost.grant_budget(%s, 1, 1) is not null',         'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002',
                                                                                               'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('withdraw an invitation', 'invitation', 'select goalpost.withdraw_invitation(%s) is not null', 'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('accept another''s invitation', 'invitation', 'select goalpost.accept_invitation(%s) is not null', 'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001',
                                                                                               'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('add a server', 'workspace', 'select goalpost.add_mcp_server(%s, ''x'', ''https://x.example.com/'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('approve a tool', 'workspace', 'select goalpost.approve_mcp_tool(%s, ''docs'', ''search'', ''h'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('remove a server', 'workspace', 'select goalpost.remove_mcp_server(%s, ''docs'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('read a report', 'goal', 'select goalpost.read_report(%s) is not null',                   'no  ZG001  ZG001    ZG001    ok     ok     ok       ok    ok',
                                                                                               'no  ZG001  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('read a report of a period', 'workspace', 'select goalpost.read_period_report(%s, now() - interval ''1 day'', now()) is not null',
                                                                                               'no  ZG001  ZG001    ZG001    ok     ok     ok       ok    ok',
                                                                                               'no  ZG001  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('rate a goal', 'broken goal', 'select goalpost.give_feedback(%s, ''good'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('analyse', 'workspace', 'select goalpost.start_analysis(%s) is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('take an improvement back', 'improvement', 'select goalpost.revert_improvement(%s) is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('check a runbook', 'workspace', 'select goalpost.check_runbook(%s, ''{}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('draft a runbook', 'workspace', 'select goalpost.apply_runbook(%s, ''{"name": "r", "title": "t", "description": "d", "plan": {"steps": [{"key": "a", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1"}}}]}}'', ''draft'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('activate a runbook', 'workspace', 'select goalpost.apply_runbook(%s, ''{"name": "r", "title": "t", "description": "d", "plan": {"steps": [{"key": "a", "kind": "tool", "input": {"tool": "calculate", "arguments": {"expression": "1"}}}]}}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('retire a runbook', 'runbook', 'select goalpost.set_runbook_state(%s, ''retired'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set a schedule', 'workspace', 'select goalpost.set_schedule(%s, ''{"name": "new", "question": "q", "cron": "0 9 * * *"}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set a rule', 'workspace', 'select goalpost.set_request_rule(%s, ''{"name": "new", "table": "none", "events": ["insert"], "question": "q"}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ZG002 ZG002',
                                                                                               'no  ZG002  ZG002    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('pause a rule', 'workspace', 'select goalpost.change_request_rule(%s, ''own'', ''pause'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('test a rule', 'workspace', 'select goalpost.test_request_rule(%s, ''own'', ''{}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('add a target', 'workspace', 'select goalpost.add_notification_target(%s, ''{"name": "new", "kind": "slack", "address": "https://hooks.example.com/a"}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('add a shared target', 'workspace', 'select goalpost.add_notification_target(%s, ''{"name": "new", "kind": "slack", "address": "https://hooks.example.com/a", "shared": true}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('remove a shared target', 'workspace', 'select goalpost.remove_notification_target(%s, ''channel'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('test a shared target', 'workspace', 'select goalpost.test_notification_target(%s, ''channel'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set preferences of a shared target', 'workspace', 'select goalpost.set_notification_preferences(%s, ''{}'', ''channel'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set preferences of own targets', 'workspace', 'select goalpost.set_notification_preferences(%s, ''{}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ok     ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('apply an agent', 'workspace', 'select goalpost.apply_agent(%s, ''{"name": "new", "role": "r"}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('retire an agent', 'agent', 'select goalpost.set_agent_state(%s, ''retired'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set a policy', 'workspace', 'select goalpost.set_tool_policy(%s, ''p'', ''sql'', ''deny'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('remove a policy', 'workspace', 'select goalpost.remove_tool_policy(%s, ''p'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set a limit', 'workspace', 'select goalpost.set_rate_limit(%s, ''tool'', ''sql'', 1) is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set caps', 'workspace', 'select goalpost.set_workspace_limits(%s, ''{}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set settings', 'workspace', 'select goalpost.set_workspace_settings(%s, ''{}'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('read the retention', 'workspace', 'select goalpost.read_retention(%s) is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('allow a host', 'workspace', 'select goalpost.set_tool_access(%s, ''http'', ''api.example.com'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('set a secret', 'workspace', 'select goalpost.set_tool_secret(%s, ''webhook'', ''whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'') is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('list secrets', 'workspace', 'select goalpost.read_tool_secrets(%s) is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('let queries read a schema', 'workspace', 'select goalpost.set_tool_access(%s, ''schema'', ''tests'') is not null',
                                                                                               'no  ZG002  ZG001    ok       ZG002  ZG002  ZG002    ZG002 ZG002',
                                                                                               'no  ZG002  ZG002    ok       ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('stop queries from reading a schema', 'workspace', 'select goalpost.set_tool_access(%s, ''schema'', ''public'', false) is not null',
                                                                                               'no  ZG002  ZG001    ok       ZG002  ZG002  ZG002    ok    ok',
                                                                                               'no  ZG002  ok       ok       ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('retry all', 'workspace', 'select goalpost.retry_dead_letters(%s, p_dry_run => true) is not null',
                                                                                               'no  ZG002  ZG001    ZG001    ZG002  ok     ok       ok    ok',
                                                                                               'no  ZG002  ok       ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('see oneself in', 'workspace', 'select %s in (select goalpost_private.my_workspaces()) or null', 'no  null   null     null     ok     ok     ok       ok    ok',
                                                                                               'no  null   ok       null     null   null   null     null  null'),
    ('decide as an approver', 'workspace', 'select goalpost_private.may_decide(%s, ''approver'') or null', 'no  null   null     null     null   null   ok       ok    ok',
                                                                                               'no  null   ok       null     null   null   null     null  null'),
    ('see progress', 'goal', 'select steps_total > 0 from goalpost_private.goal_progress(%s)', 'no  null   null     null     ok     ok     ok       ok    ok',
                                                                                               'no  null   ok       null     null   null   null     null  null'))
    d (what, kind, statement, own, other);
insert into duty (what, statement, came)
select what, statement, string_to_array(regexp_replace(came, '\s+', ' ', 'g'), ' ')
  from (values
    ('make a workspace', 'select goalpost.create_workspace(''x'') is not null',               'no  ZG002  ok       ok       ok     ok     ok       ok    ok'),
    ('add an operator', format('select goalpost.add_project_admin(%L) is not null', tests.id_of('mia')),    'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('remove the last operator', format('select goalpost.remove_project_admin(%L)', tests.id_of('oscar')),   'no  ZG002  ZG002    ZG004    ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('list operators', 'select goalpost.read_project_admins() is not null',                     'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('set project limits', 'select goalpost.set_project_limits(''{}'') is not null',            'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('read an inbox', 'select jsonb_typeof(goalpost.read_inbox()) = ''array''',               'no  ok     ok       ok       ok     ok     ok       ok    ok'),
    ('set a price', 'select goalpost.set_model_price(''p'', ''m'', 1, 1) is not null',         'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('set a policy for all', 'select goalpost.set_tool_policy(null, ''p'', ''sql'', ''deny'') is not null',
                                                                                               'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('set a limit for all', 'select goalpost.set_rate_limit(null, ''tool'', ''sql'', 1) is not null',
                                                                                               'no  ZG002  ZG002    ok       ZG002  ZG002  ZG002    ZG002 ZG002'),
    ('be an operator', 'select goalpost_private.am_project_admin() or null',                  'no  null   null     ok       null   null   null     null  null'),
    ('decide what is not there', 'select goalpost.decide_approval(-1, ''approved'')',         'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('cancel what is not there', 'select goalpost.cancel_goal(-1)',                           'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('cancel no request', 'select goalpost.cancel_request(-1)',                               'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001'),
    ('retry what is not there', 'select goalpost.retry_dead_letter(-1)',                      'no  ZG002  ZG001    ZG001    ZG001  ZG001  ZG001    ZG001 ZG001')) d (what, statement, came);
select is(regexp_replace(pg_temp.outcome_of(a, d.statement), '^(t|true)$', 'ok'), d.came[a.number], format('%s: %s', a.name, d.what))
  from duty d join actor a on a.number <= 9 order by d.number, a.number;

-- The refusal does not reveal a stranger's row: it is the same, word for word, for another workspace's row and for none.
create function pg_temp.words(p_sql text) returns text
language plpgsql
as $$
declare
  v_words text;
  v_hint text;
begin
  perform tests.value_for('sam', p_sql);
  return 'none';
exception
  when others then
    get stacked diagnostics v_words = message_text, v_hint = pg_exception_hint;
    return sqlstate || v_words || v_hint;
end
$$;
select is(pg_temp.words(format(f, pg_temp.of(kind, 'acme'))), pg_temp.words(format(f, '-1')), format('a stranger gets the same refusal for a foreign and a missing row: %s', f))
  from (values ('select goalpost.decide_approval(%s, ''approved'')', 'approval'), ('select goalpost.decide_approval(%s, ''nonsense'')', 'approval'),
               ('select goalpost.cancel_goal(%s)', 'goal'), ('select goalpost.cancel_request(%s)', 'request'), ('select goalpost.retry_dead_letter(%s)', 'letter')) d (f, kind);
select is(pg_temp.words(format(f, quote_literal(tests.id_of('acme')))), pg_temp.words(format(f, quote_literal(tests.id_of('not there')))), format('a stranger gets the same refusal for a foreign and a missing workspace: %s', f))
  from (values ('select goalpost.accept_request(%s, ''?'')'), ('select goalpost.accept_request(%s, '''')'),
               (format('select goalpost.set_member_role(%%s, %L, ''member'')', tests.id_of('sam'))), ('select goalpost.invite_member(%s, ''x@tests.example'')'), ('select goalpost.leave_workspace(%s)')) d (f);

select * from finish();
rollback;

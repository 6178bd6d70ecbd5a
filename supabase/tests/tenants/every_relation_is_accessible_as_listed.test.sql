-- Reads and writes are attempted for every table and view in the catalog, by every actor, on rows of acme (their own,
-- for five of them) and of elsewhere (the stranger's). A relation that is not in `expected` is accessible to no one, so
-- that a new table fails until it is listed. Twice: with the grants as they are, and with every grant given, where the
-- row policies alone decide.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

-- Both workspaces have a row in every table.
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
create temp table place as select * from (values ('acme', 'mia'), ('elsewhere', 'sam')) p (workspace, person);
insert into goalpost.agents (workspace_id, name, role) select tests.id_of(workspace), 'own', 'r' from place;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) select tests.id_of(workspace), 'own', 't', 'd', 'g', '{}' from place;
insert into goalpost.runbook_statistics (workspace_id, runbook_id, folded_at) select workspace_id, id, now() from goalpost.runbooks where name = 'own';
insert into goalpost.agent_statistics (workspace_id, agent_id, folded_at) select workspace_id, id, now() from goalpost.agents where name = 'own';
insert into goalpost.daily_usage (workspace_id, day, user_id, calls, input_tokens, output_tokens, cost_microusd) select tests.id_of(workspace), '2030-01-01', tests.id_of(person), 1, 1, 1, 1 from place;
select tests.set('run_' || workspace, tests.planned('a, ap:a, sub, b',
         jsonb_build_object('a', tests.agent('own'), 'ap', tests.approval('{"required_role": "member"}'), 'sub', tests.subgoal()), '["good"]', person, workspace))
  from place;
select tests.spend(tests.get('run_' || workspace), 'a', 1) from place;
select tests.finish(tests.get('run_' || workspace), 'a', 'completed', '{"result": {}}') from place;
select tests.bare_call(tests.get('run_' || workspace), 'a') from place;
select tests.set('broken_' || workspace, tests.planned('a', '{}', '[]', person, workspace)) from place;
select tests.do_fail(tests.get('broken_' || workspace), 'a') from place;
-- A completed goal with an estimate.
select tests.set('done_' || workspace, tests.planned('a', '{}', '[]', person, workspace)) from place;
update goalpost.goals set state = 'completed', ended_at = created_at where id in (select (tests.goal_of(tests.get('done_' || workspace))).id from place);
insert into goalpost.agent_instances (run_id, agent_id, workspace_id, opened_at)
select tests.get('done_' || workspace), (select min(id) from goalpost.agents where workspace_id is null), tests.id_of(workspace), now() from place;
select tests.memory('remembered', 'workspace', '{}', workspace) from place;
insert into goalpost.memory_uses select tests.get('run_' || p.workspace), 'a', 1, 0, 1, m.workspace_id, m.id, 1, false, now() from goalpost.memories m join place p on tests.id_of(p.workspace) = m.workspace_id;
insert into goalpost.mcp_servers (workspace_id, name, url, created_by, created_at) select tests.id_of(workspace), 'docs', 'https://docs.example.com/', tests.id_of(person), now() from place;
insert into goalpost.mcp_tools (workspace_id, server_id, name, description, parameters, schema_hash, seen_at) select workspace_id, id, 'search', 'd', '{}', 'h', now() from goalpost.mcp_servers;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) select tests.id_of(workspace), 'public', 'notes' from place;
insert into goalpost_private.table_writes (run_id, step_key, call_number, request_hash, written_at) select tests.get('broken_' || workspace), 'a', 0, 'h', now() from place;
insert into goalpost_private.value_reads (run_id, step_key, read_at) select tests.get('broken_' || workspace), 'a', now() from place;
select tests.furnish(tests.get('run_' || workspace), 'b') from place;
update goalpost.workflow_runs set runbook_id = (select id from goalpost.runbooks b where b.name = 'own' and b.workspace_id = workflow_runs.workspace_id) where goal_id is not null;
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 10, 8);
insert into goalpost_private.model_capabilities (provider, endpoint, model, learned_at) values ('openai', 'https://models.example', 'm', now());

-- The actors. `no_sub` has a token of no person; `asker` is the role that a member's SQL runs under.
create temp table actor (number integer generated always as identity, name text, person text, role text);
insert into actor (name, person, role) values
  ('anon', null, 'anon'), ('no_sub', null, 'authenticated'), ('stranger', 'sam', 'authenticated'),
  ('operator', 'oscar', 'authenticated'), ('viewer', 'vera', 'authenticated'), ('member', 'mia', 'authenticated'),
  ('approver', 'petra', 'authenticated'), ('admin', 'adam', 'authenticated'), ('owner', 'olga', 'authenticated'),
  ('asker', 'mia', 'goalpost_asker'), ('worker', null, 'goalpost_worker'), ('service', null, 'service_role');

-- The access to a relation. own, other: which rows are acme's and elsewhere's (null: there are none of a workspace).
-- read_own, read_other: who sees them. Two relations may be written, by those in insert_own and insert_other.
create temp table expected (relation text primary key, own text, other text, read_own text[], read_other text[]);
create function pg_temp.people() returns text[] language sql as $$ select array['viewer', 'member', 'approver', 'admin', 'owner', 'asker'] $$;
insert into expected
select 'goalpost.' || t, format('workspace_id = %L', tests.id_of('acme')), format('workspace_id = %L', tests.id_of('elsewhere')),
       pg_temp.people(), array['stranger']
  from unnest(array[
    'members', 'requests', 'goals', 'goal_criteria', 'workflow_runs', 'steps', 'step_attempts',
    'plan_revisions', 'approvals', 'agent_instances', 'usage_events', 'events', 'dead_letters', 'agents', 'runbooks',
    'memories', 'memory_uses', 'goal_progress', 'step_turns', 'tool_calls', 'mcp_servers', 'mcp_tools', 'writable_tables', 'schedules', 'schedule_ticks', 'request_rules', 'rule_firings', 'request_messages', 'notification_targets', 'notifications', 'agent_costs', 'agent_outcomes', 'runbook_costs', 'user_costs', 'day_costs', 'model_costs', 'achieved_goal_costs', 'estimate_accuracy', 'approval_votes', 'corrections', 'budgets', 'budget_raises', 'tool_policies', 'rate_limits', 'goal_costs',
    'feedback', 'runbook_matches', 'improvements', 'memory_statistics', 'runbook_statistics', 'agent_statistics', 'unfolded_statistics', 'daily_usage', 'usage_totals']) t;
insert into expected values
  ('goalpost.setting_changes', format('workspace_id = %L', tests.id_of('acme')), format('workspace_id = %L', tests.id_of('elsewhere')), array['admin', 'owner'], array['stranger']),
  ('goalpost.invitations', format('workspace_id = %L', tests.id_of('acme')), format('workspace_id = %L', tests.id_of('elsewhere')), array['admin', 'owner'], array['stranger']),
  ('goalpost.runbook_embeddings', format('workspace_id = %L', tests.id_of('acme')), format('workspace_id = %L', tests.id_of('elsewhere')), pg_temp.people(), array['stranger']),
  ('goalpost_private.departures', 'true', null, '{}', null),
  ('goalpost.workspaces', format('id = %L', tests.id_of('acme')), format('id = %L', tests.id_of('elsewhere')), pg_temp.people(), array['stranger']),
  ('goalpost.inbox', format('workspace_id = %L', tests.id_of('acme')), format('workspace_id = %L', tests.id_of('elsewhere')),
     array['member', 'approver', 'admin', 'owner', 'asker'], array['stranger']),
  ('goalpost.embedding_spaces', 'true', null, pg_temp.people() || array['stranger', 'operator'], null),
  ('goalpost.tools', 'true', null, pg_temp.people() || array['stranger', 'operator'], null),
  ('goalpost.model_prices', 'true', null, pg_temp.people() || array['stranger', 'operator'], null),
  ('goalpost_private.limit_slots', 'true', null, '{}', null), ('goalpost_private.budget_waiters', 'true', null, '{}', null),
  ('goalpost.wakes', 'true', null, array['operator'], null),
  ('goalpost.project_admins', 'true', null, array['operator'], null),
  ('goalpost_private.endpoints', 'true', null, '{}', null),
  ('goalpost_private.limits', 'true', null, '{}', null), ('goalpost_private.decision_links', 'true', null, '{}', null),
  ('goalpost_private.model_capabilities', 'true', null, '{}', null),
  ('goalpost_private.table_writes', 'true', null, '{}', null),
  ('goalpost_private.value_reads', 'true', null, '{}', null),
  ('goalpost_private.rating_effects', 'true', null, '{}', null), ('goalpost_private.analysis_schedule', 'true', null, '{}', null),
  ('goalpost_private.row_changes', 'true', null, '{}', null), ('goalpost_private.request_claims', 'true', null, '{}', null), ('goalpost_private.request_embeddings', 'true', null, '{}', null), ('goalpost_private.objects_to_delete', 'true', null, '{}', null),
  ('vault.secrets', 'true', null, '{}', null),
  ('vault.decrypted_secrets', 'true', null, '{}', null),
  ('cron.job', 'true', null, '{}', null),
  ('cron.job_run_details', 'true', null, '{}', null);

create temp table relation as
select format('%s.%s', n.nspname, c.relname) as name, n.nspname as schema,
       (select quote_ident(a.attname) from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = '' order by a.attnum limit 1) as a_column,
       (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f')
   and (n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private', 'public') or n.nspname in ('vault', 'cron'))
   -- Relations that an extension created in `public` are not ours.
   and not (n.nspname = 'public' and exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e'));
select set_eq('select name from relation', 'select relation from expected', 'every table and view of the catalog is listed, and no other');

-- The result of a statement for an actor: the number of rows, or the SQLSTATE. It is always undone.
create function pg_temp.attempt(p_person text, p_role text, p_claims text, p_sql text) returns text
language plpgsql
as $$
declare
  v_count bigint;
begin
  perform set_config('request.jwt.claims', coalesce(p_claims, ''), true);
  if p_person is not null then
    perform tests.speak_as(p_person);
  end if;
  perform set_config('role', p_role, true);
  if p_sql like 'select %' then
    execute p_sql into v_count;
  else
    execute p_sql;
    get diagnostics v_count = row_count;
  end if;
  raise exception using errcode = 'TT001', message = v_count::text;
exception
  when sqlstate 'TT001' then
    return sqlerrm;
  when others then
    return sqlstate;
end
$$;

-- The attempts.
create temp table attempt as
select r.name as relation, a.number, a.name as actor, t.side, t.action,
       case t.action
         when 'read' then format('select count(*) from %s where %s', r.name, s.rows)
         when 'insert' then format('insert into %s (%s) select %2$s from pg_temp.copy_of_%s where %s', r.name, r.columns, replace(r.name, '.', '_'), s.rows)
         when 'update' then format('update %1$s set %2$s = %2$s where %3$s', r.name, r.a_column, s.rows)
         when 'delete' then format('delete from %s where %s', r.name, s.rows)
         when 'truncate' then format('truncate %s cascade', r.name)
       end as statement,
       coalesce(t.action = 'read' and a.name = any (case t.side when 'own' then e.read_own else e.read_other end), false) as is_seen,
       a.role
  from relation r
  join expected e on e.relation = r.name
 cross join actor a
 cross join (values ('own', 'read'), ('own', 'insert'), ('own', 'update'), ('own', 'delete'), ('own', 'truncate'),
                    ('other', 'read'), ('other', 'insert'), ('other', 'update'), ('other', 'delete')) t (side, action)
 cross join lateral (select case t.side when 'own' then e.own else e.other end as rows) s
 where s.rows is not null and r.a_column is not null;

-- Inserts are copies of existing rows: the right is checked before the key. Not of the extensions' own.
do $$
declare
  v_name text;
begin
  for v_name in select name from relation where schema like 'goalpost%' loop
    execute format('create temp table copy_of_%s as select * from %s', replace(v_name, '.', '_'), v_name);
    execute format('grant select on copy_of_%s to public', replace(v_name, '.', '_'));
  end loop;
end
$$;
-- The extensions' own tables: read only (writes would break them), and the rights of Supabase's key there are Supabase's
-- matter.
delete from attempt where split_part(relation, '.', 1) in ('vault', 'cron') and (action <> 'read' or actor = 'service');

select is_empty(
  $$ select relation, side from attempt where role = 'anon' and action = 'read' and relation like 'goalpost.%' and relation <> 'goalpost.inbox'
      and pg_temp.attempt(null, current_user::text, null, statement) = '0' $$, 'both workspaces have a row in every table');
select ok((select count(*) from attempt) > 1500, 'more than 1500 attempts are made');

create function pg_temp.outcome_of(p_attempt attempt) returns text
language sql
as $$
  select pg_temp.attempt(a.person, a.role, case a.name when 'no_sub' then '{"role": "authenticated"}' end, p_attempt.statement)
    from actor a where a.number = p_attempt.number
$$;
create function pg_temp.label(p_attempt attempt) returns text
language sql
as $$ select format('%s: %s %s rows of %s', p_attempt.actor, p_attempt.action, p_attempt.side, p_attempt.relation) $$;
-- A view over several rows cannot be written; Postgres reports that before it checks rights.
create function pg_temp.refusal(p_attempt attempt) returns text
language sql
as $$
  select case when p_attempt.relation in ('goalpost.inbox', 'goalpost.goal_costs', 'goalpost.goal_progress', 'goalpost.agent_costs', 'goalpost.agent_outcomes', 'goalpost.runbook_costs', 'goalpost.user_costs', 'goalpost.day_costs', 'goalpost.model_costs', 'goalpost.achieved_goal_costs', 'goalpost.estimate_accuracy', 'goalpost.usage_totals') and p_attempt.action <> 'read'
              then '^(42501|55000|42809)$' else '^42501$' end
$$;

-- 1. With the grants as they are: rows for the listed actors, none for others who are signed in, else a refusal.
select matches(pg_temp.outcome_of(a),
         case when is_seen then '^[1-9][0-9]*$'
              when action = 'read' and relation like 'goalpost.%' and role in ('authenticated', 'goalpost_asker') then '^0$'
              else pg_temp.refusal(a) end, pg_temp.label(a))
  from attempt a order by relation, number, side, action;

-- A table that people write: their own question, in a workspace where they are members, and four columns of it.
create temp table question as
select a.number, a.name as actor, w.workspace, c.what, c.has_grant,
       format('insert into goalpost.requests (workspace_id, question%s) values (%L, ''?''%s)', c.columns, tests.id_of(w.workspace), c.more) as statement,
       a.name = any (case w.workspace when 'acme' then array['member', 'approver', 'admin', 'owner', 'asker'] else array['stranger'] end) as may_ask,
       c.what not in ('for another', 'with a state') as is_allowed
  from actor a, (values ('acme'), ('elsewhere')) w (workspace),
       (select 'plain', '', '', true
        union all
        select 'with ' || c.attname, ', ' || c.attname, ', default', c.attname in ('idempotency_key', 'context', 'runbook', 'parameters', 'budget')
          from pg_catalog.pg_attribute c
         where c.attrelid = 'goalpost.requests'::regclass and c.attnum > 0 and not c.attisdropped and c.attname not in ('workspace_id', 'question')
        union all values ('for another', ', user_id', format(', %L', tests.id_of('vera')), false), ('with a state', ', state', ', ''accepted''', false)) c (what, columns, more, has_grant);
create function pg_temp.outcome_of(p_question question) returns text
language sql
as $$
  select pg_temp.attempt(a.person, a.role, case a.name when 'no_sub' then '{"role": "authenticated"}' end, p_question.statement)
    from actor a where a.number = p_question.number
$$;
select is(pg_temp.outcome_of(q), case when may_ask and has_grant then '1' else '42501' end, format('%s inserts a request in %s, %s', q.actor, workspace, what))
  from question q order by workspace, what, number;

-- The other one: a rating of a goal of theirs, and four columns of it.
create temp table rating as
select a.number, a.name as actor, w.workspace, c.what, c.has_grant,
       format('insert into goalpost.feedback (workspace_id, goal_id, rating%s) values (%L, %s, ''good''%s)', c.columns, tests.id_of(w.workspace), (tests.goal_of(tests.get('broken_' || w.workspace))).id, c.more) as statement,
       a.name = any (case w.workspace when 'acme' then array['member', 'approver', 'admin', 'owner', 'asker'] else array['stranger'] end) as may_rate,
       c.what <> 'for another' as is_allowed
  from actor a, (values ('acme'), ('elsewhere')) w (workspace),
       (values ('plain', '', '', true), ('with a comment', ', comment', ', ''x''', true), ('with a time', ', rated_at', ', now()', false), ('for another', ', user_id', format(', %L', tests.id_of('vera')), false)) c (what, columns, more, has_grant);
update goalpost.goals set state = 'failed', ended_at = now() where id in (select (tests.goal_of(tests.get('broken_' || w))).id from unnest(array['acme', 'elsewhere']) w);
create function pg_temp.outcome_of(p_rating rating) returns text
language sql
as $$
  select pg_temp.attempt(a.person, a.role, case a.name when 'no_sub' then '{"role": "authenticated"}' end, p_rating.statement)
    from actor a where a.number = p_rating.number
$$;
select is(pg_temp.outcome_of(r), case when may_rate and has_grant then '1' else '42501' end, format('%s inserts a rating in %s, %s', r.actor, workspace, what))
  from rating r order by workspace, what, number;

-- 2. With every grant given, the row policies alone decide: reads are the same, no row is changed or inserted. Not for
-- the key that bypasses row policies; truncate is subject to no policy.
do $$
declare
  v_schema text;
begin
  foreach v_schema in array array['goalpost', 'goalpost_private'] loop
    execute format('grant usage on schema %I to anon, authenticated, goalpost_worker, goalpost_asker', v_schema);
    execute format('grant all on all tables in schema %I to anon, authenticated, goalpost_worker, goalpost_asker', v_schema);
    execute format('grant execute on all functions in schema %I to anon, authenticated, goalpost_worker, goalpost_asker', v_schema);
  end loop;
end
$$;
select matches(pg_temp.outcome_of(a),
         case when is_seen or (actor = 'operator' and action = 'read' and relation like 'goalpost\_private.%') then '^[1-9][0-9]*$'
              when action = 'insert' then '^(42501|55000)$'
              when pg_temp.refusal(a) like '%55000%' then '^55000$'
              else '^0$' end, 'with all grants, ' || pg_temp.label(a))
  from attempt a
 where relation like 'goalpost%' and actor <> 'service' and action <> 'truncate'
 order by relation, number, side, action;
-- A copy of a row would be refused for its key as well; a new row is refused for the policy alone.
select is(pg_temp.outcome_of(q), case when may_ask and is_allowed then '1' else '42501' end, format('with all grants %s inserts a request in %s, %s', q.actor, workspace, what))
  from question q where actor not in ('service', 'worker', 'anon') and what in ('plain', 'for another', 'with a state') order by workspace, what, number;

select is(pg_temp.outcome_of(r), case when may_rate and is_allowed then '1' else '42501' end, format('with all grants %s inserts a rating in %s, %s', r.actor, workspace, what))
  from rating r where actor not in ('service', 'worker', 'anon') and what in ('plain', 'for another') order by workspace, what, number;

select * from finish();
rollback;

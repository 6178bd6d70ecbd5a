-- Over the catalog: every table and view with a workspace in it, filled with rows of acme, looked at by a stranger who
-- owns another workspace, by a member, and by nobody.
begin;
select * from no_plan();
select tests.world();

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', '{}');
insert into goalpost.runbook_facts select id, 1, 1, 0, 0, now() from goalpost.runbooks where name = 'own';
insert into goalpost.agent_facts select id, 1, 1, 0, 0, now() from goalpost.agents where name = 'own';
select tests.keep('run', tests.planned('a, ap:a, sub, b', jsonb_build_object('a', tests.agent('own'), 'ap', tests.approval('{"required_role": "member"}'), 'sub', tests.subgoal()), '["good"]'));
select tests.finish(tests.the('run'), 'a', 'completed', '{"result": {}, "usage": [{"cost_microusd": 1}]}');
select tests.keep('broken', tests.planned('a'));
select tests.do_fail(tests.the('broken'), 'a');
create temp table tenant_table as
select c.relname::text as name from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
 where c.relnamespace = 'goalpost'::regnamespace and c.relkind in ('r', 'p', 'v') and a.attname = 'workspace_id' and not a.attisdropped;
create function pg_temp.seen(p_name text, p_table text) returns text language sql as $$
  select tests.value_for(p_name, format('select count(*) from goalpost.%I where workspace_id = %L', p_table, tests.id_of('acme'))) $$;

select ok((select count(*) from tenant_table) >= 18, 'the catalog was read');
select isnt(tests.value_for('mia', format('select count(*) from goalpost.%I where workspace_id = %L', name, tests.id_of('acme'))), '0', name || ': a member sees rows')
  from tenant_table order by name;
select is(pg_temp.seen('sam', name), '0', name || ': a stranger sees none') from tenant_table order by name;
select is(tests.refusal_for(null, format('select count(*) from goalpost.%I', name)), '42501', name || ': nobody may look') from tenant_table order by name;
select is(tests.value_for('sam', 'select count(*) from goalpost.workspaces'), '1', 'a stranger sees one workspace, their own');
select is(tests.value_for('mia', format('select count(*) from goalpost.workspaces where id = %L', tests.id_of('acme'))), '1', 'a member sees theirs');
select is(tests.value_for('sam', 'select count(*) from goalpost.runbook_facts f join goalpost.runbooks b on b.id = f.runbook_id where b.name = ''own'''), '0', 'no facts of another''s runbook');
select is(tests.value_for('mia', format('select count(*) from goalpost.runbook_facts where runbook_id = %s', (select id from goalpost.runbooks where name = 'own'))), '1', 'but of one''s own');
select is(tests.value_for('sam', format('select count(*) from goalpost.runbook_facts where runbook_id = %s', (select id from goalpost.runbooks where name = 'own'))), '0', 'also not by its number');
select is(tests.value_for('mia', format('select count(*) from goalpost.agent_facts where agent_id = %s', (select id from goalpost.agents where name = 'own'))), '1', 'facts of one''s own agent');
select is(tests.value_for('sam', format('select count(*) from goalpost.agent_facts where agent_id = %s', (select id from goalpost.agents where name = 'own'))), '0', 'not of another''s');

select * from finish();
rollback;

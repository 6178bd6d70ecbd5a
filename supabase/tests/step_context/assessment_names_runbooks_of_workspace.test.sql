-- An assessment receives the names of active runbooks, the workspace's own and the built-in ones, for advice where none
-- fits.
begin;
select plan(2);
select tests.world();
insert into goalpost.runbooks (workspace_id, name, version, title, description, goal_type, plan, state) values
  (tests.id_of('acme'), 'aa-own', 1, 't', 'd', 'g', '{}', 'active'), (tests.id_of('acme'), 'aa-old', 1, 't', 'd', 'g', '{}', 'retired'),
  (tests.id_of('elsewhere'), 'aa-theirs', 1, 't', 'd', 'g', '{}', 'active'), (null, 'aa-built-in', 1, 't', 'd', 'g', '{}', 'active');
select tests.set('run', tests.ask('mia', 'anything'));
create function pg_temp.names() returns jsonb language sql as $$
  select goalpost_private.context_to_assess(r) -> 'runbook_names' from goalpost.workflow_runs r where r.id = tests.get('run') $$;
select is((select jsonb_agg(n) from jsonb_array_elements(pg_temp.names()) n where n #>> '{}' like 'aa-%'), '["aa-built-in", "aa-own"]', 'active ones of the workspace and built-in ones are named');
insert into goalpost.runbooks (workspace_id, name, version, title, description, goal_type, plan, state)
select tests.id_of('acme'), 'aa' || n, 1, 't', 'd', 'g', '{}', 'active' from generate_series(10, 30) n;
select is(jsonb_array_length(pg_temp.names()), 10, 'ten at most');
select * from finish();
rollback;

-- The agents of a run: a candidate in one half of the requests, the version for the goal's type, the one for all goals.
begin;
select plan(10);
select tests.world(false);
insert into goalpost.agents (workspace_id, name, version, role, state, goal_type) values
  (tests.id_of('acme'), 'clerk', 1, 'r', 'retired', null), (tests.id_of('acme'), 'clerk', 2, 'r', 'active', null), (tests.id_of('acme'), 'clerk', 3, 'r', 'active', 'audit'),
  (tests.id_of('acme'), 'analyst', 1, 'r', 'active', 'audit'), (tests.id_of('elsewhere'), 'clerk', 9, 'r', 'active', null), (tests.id_of('elsewhere'), 'analyst', 9, 'r', 'candidate', null);
create function pg_temp.versions(p_run bigint) returns text language sql as $$
  select string_agg(a.name || ' ' || a.version || case when a.workspace_id is null then ' built in' else '' end, ', ' order by a.name)
    from goalpost.workflow_runs r cross join lateral goalpost_private.agents_of(r) a where r.id = p_run and a.name <> 'researcher' $$;
select tests.set('run', tests.planned('a'));
select tests.set('root', (select root_run_id from goalpost.workflow_runs where id = tests.get('run')));
select is(pg_temp.versions(tests.get('run')), 'analyst 1 built in, clerk 2', 'a goal of no such type has the versions for all goals');
update goalpost.goals set goal_type = 'audit' where id = (tests.goal_of(tests.get('run'))).id;
select is(pg_temp.versions(tests.get('run')), 'analyst 1, clerk 3', 'a goal of the type has its versions');

insert into goalpost.agents (workspace_id, name, version, role, state) values (tests.id_of('acme'), 'clerk', 4, 'r', 'candidate'), (tests.id_of('acme'), 'analyst', 4, 'r', 'candidate');
create function pg_temp.tries(p_name text, p_version integer) returns boolean language sql as $$
  select goalpost_private.tries_candidate(a.id, r.root_run_id) from goalpost.agents a, goalpost.workflow_runs r
   where a.workspace_id = tests.id_of('acme') and a.name = p_name and a.version = p_version and r.id = tests.get('run') $$;
select is(pg_temp.versions(tests.get('run')), format('analyst %s, clerk %s', case when pg_temp.tries('analyst', 4) then 4 else 1 end, case when pg_temp.tries('clerk', 4) then 4 else 3 end),
          'a candidate comes before both where the request tries it');
update goalpost.agents set id = 1000000 + n from generate_series(1, 64) n where workspace_id = tests.id_of('acme') and name = 'clerk' and version = 4 and goalpost_private.tries_candidate(1000000 + n, tests.get('root'));
select is(pg_temp.versions(tests.get('run')) ~ 'clerk 4', true, 'it works in a request that tries it');
update goalpost.agents set id = 2000000 + n from generate_series(1, 64) n where workspace_id = tests.id_of('acme') and name = 'clerk' and version = 4 and not goalpost_private.tries_candidate(2000000 + n, tests.get('root'));
select is(pg_temp.versions(tests.get('run')) ~ 'clerk 3', true, 'and not in another');
select is((select count(*) between 400 and 600 from generate_series(1, 1000) n where goalpost_private.tries_candidate(7, n)), true, 'one half of the requests tries a candidate');
select is((select count(*) between 400 and 600 from generate_series(1, 1000) n where goalpost_private.tries_candidate(7, n) = goalpost_private.tries_candidate(8, n)), true, 'and another half the next one');
select is(goalpost_private.tries_candidate(7, null), false, 'a runbook that is checked tries none');

-- Two runs of one call may be on both sides of a trial.
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
values (tests.id_of('acme'), 'book', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a, b', jsonb_build_object('a', tests.agent('clerk')))));
select tests.json_for('mia', format('select goalpost.accept_requests(%L, %L)', tests.id_of('acme'), (
  select jsonb_agg(jsonb_build_object('question', 'go ' || n, 'runbook', 'book')) from generate_series(1, 30) n)));
create temp table worked as
select s.key, a.version, goalpost_private.tries_candidate((select id from goalpost.agents where workspace_id = tests.id_of('acme') and name = 'clerk' and version = 4), r.root_run_id) as tries
  from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id left join goalpost.agents a on a.id = s.agent_id where r.runbook_id is not null;
select is((select string_agg(distinct format('%s %s %s', key, tries, version), ', ' order by format('%s %s %s', key, tries, version)) from worked), 'a f 2, a t 4, b f , b t , judge f , judge t ',
          'each run has the version of its own request');
select is((select count(*) from worked), 90::bigint, 'and each step once');
select * from finish();
rollback;

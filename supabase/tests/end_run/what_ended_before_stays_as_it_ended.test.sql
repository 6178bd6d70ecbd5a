-- A request that was cancelled, an agent that was closed, and the history of a run that ended already.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
update goalpost.requests set state = 'cancelled', ended_at = now() where id = (tests.request_of(tests.get('run'))).id;
insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.agent_instances (run_id, agent_id, workspace_id, state, opened_at, closed_at)
select tests.get('run'), id, tests.id_of('acme'), 'closed', '2029-01-01', '2029-01-02' from goalpost.agents where name = 'own';
select goalpost_private.end_run(tests.get('run'), 'completed', null, '{}', 'text', goalpost_private.clock());
select is(tests.run_state(tests.get('run')), 'completed', 'the run ends');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'its request stays cancelled');
select is((select closed_at from goalpost.agent_instances where run_id = tests.get('run')), '2029-01-02'::timestamptz, 'the agent was closed when it was');
select tests.set('events', (select count(*) from goalpost.events));
select goalpost_private.end_run(tests.get('run'), 'failed', 'again', null, null, goalpost_private.clock());
select is((select count(*) from goalpost.events), tests.get('events'), 'a second end is no event');

select * from finish();
rollback;

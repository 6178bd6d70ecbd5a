-- A request that was cancelled, an agent that was closed, and the history of a run that ended already.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.bare_run());
update goalpost.requests set state = 'cancelled', ended_at = now() where id = (tests.request_of(tests.the('run'))).id;
insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.agent_instances (run_id, agent_id, workspace_id, state, opened_at, closed_at)
select tests.the('run'), id, tests.id_of('acme'), 'closed', '2029-01-01', '2029-01-02' from goalpost.agents where name = 'own';
select goalpost_private.end_run(tests.the('run'), 'completed', null, '{}', 'text', goalpost_private.clock());
select is(tests.run_state(tests.the('run')), 'completed', 'the run ends');
select is((tests.request_of(tests.the('run'))).state, 'cancelled', 'its request stays cancelled');
select is((select closed_at from goalpost.agent_instances where run_id = tests.the('run')), '2029-01-02'::timestamptz, 'the agent was closed when it was');
select tests.keep('events', (select count(*) from goalpost.events));
select goalpost_private.end_run(tests.the('run'), 'failed', 'again', null, null, goalpost_private.clock());
select is((select count(*) from goalpost.events), tests.the('events'), 'a second end is no event');

select * from finish();
rollback;

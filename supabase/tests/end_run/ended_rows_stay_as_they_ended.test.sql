-- A cancelled request, a closed agent and the history of an ended run do not change.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.bare_run());
update goalpost.requests set state = 'cancelled', ended_at = now() where id = (tests.request_of(tests.get('run'))).id;
insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.agent_instances (run_id, agent_id, workspace_id, state, opened_at, closed_at)
select tests.get('run'), id, tests.id_of('acme'), 'closed', '2029-01-01', '2029-01-02' from goalpost.agents where name = 'own';
select goalpost_private.end_run(tests.get('run'), 'completed', null, '{}', 'text', goalpost_private.clock());
select is(tests.run_state(tests.get('run')), 'completed', 'the run itself is completed');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'a cancelled request stays cancelled when its run ends');
select is((select closed_at from goalpost.agent_instances where run_id = tests.get('run')), '2029-01-02'::timestamptz, 'a closed agent keeps its time of closing');
select tests.set('events', (select count(*) from goalpost.events));
select goalpost_private.end_run(tests.get('run'), 'failed', 'again', null, null, goalpost_private.clock());
select is((select count(*) from goalpost.events), tests.get('events'), 'a second end records no event');

select * from finish();
rollback;

-- submit_result needs no entry in the agent's list: it ends the step and has no effect outside.
begin;
select * from no_plan();
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('submit_result', 's', '{}', true, false) on conflict do nothing;
insert into goalpost.agents (workspace_id, name, role, tools) values (tests.id_of('acme'), 'own', 'r', '{}');
select tests.set('run', tests.agent_at_work('own'));
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "submit_result"}]');
select is(tests.calls(tests.get('run')), 'intended', 'submit_result is allowed for an agent without tools');

select * from finish();
rollback;

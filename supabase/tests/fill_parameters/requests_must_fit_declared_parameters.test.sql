-- A runbook started by name checks the request's parameters; one without a declared schema takes any.
begin;
select plan(8);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan, parameters, budget) values
  (tests.id_of('acme'), 'declared', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), '{"type": "object", "required": ["days"], "additionalProperties": false, "properties": {"days": {"type": "integer"}}}', '{"max_microusd": 77}'),
  (tests.id_of('acme'), 'undeclared', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), '{}', '{}');
create function pg_temp.start(p_runbook text, p_parameters jsonb) returns text language sql as $$
  select tests.refusal_for('mia', format('select goalpost.accept_request(%L, ''go'', p_runbook => %L, p_parameters => %L)', tests.id_of('acme'), p_runbook, p_parameters)) $$;

select is(pg_temp.start('declared', '{}'), 'ZG003', 'a request without a required parameter is refused');
select is(pg_temp.start('declared', '{"days": "3"}'), 'ZG003', 'a request with a parameter of another type is refused');
select is(pg_temp.start('declared', '{"days": 3, "weeks": 1}'), 'ZG003', 'a request with an unknown parameter is refused');
select is(pg_temp.start('declared', '{"days": 3}'), 'none', 'a request with the declared parameter is started');
select is(pg_temp.start('undeclared', '{"anything": [1]}'), 'none', 'a runbook without a schema takes any parameters');

-- Rows that people insert: one unfit request does not keep the others.
select tests.speak_as('mia');
insert into goalpost.requests (workspace_id, question, runbook, parameters) values (tests.id_of('acme'), 'unfit', 'declared', '{}'), (tests.id_of('acme'), 'fit', 'declared', '{"days": 1}');
reset role;
select tests.claim('assess');
select results_eq($$ select question, state, reason from goalpost.requests where question in ('unfit', 'fit') order by question $$,
  $$ values ('fit', 'accepted', null), ('unfit', 'failed', 'the parameters needs days') $$, 'only the unfit inserted request fails, with the reason');

-- The runbook's budget is the cap of a request without one.
select goalpost_private.open_budgets(r.id, goalpost_private.clock()) from goalpost.workflow_runs r join goalpost.requests q on q.id = r.request_id where q.question = 'fit' and r.goal_id is not null;
select is((select cap_microusd from goalpost.budgets b join goalpost.workflow_runs r on b.key = r.id::text and b.scope = 'run' join goalpost.requests q on q.id = r.request_id where q.question = 'fit'), 77::bigint, 'the budget of the runbook is the cap of its request');
select tests.set('own', (tests.json_for('mia', format('select goalpost.accept_request(%L, ''own'', p_runbook => ''declared'', p_parameters => ''{"days": 1}'', p_budget => ''{"max_microusd": 5}'')', tests.id_of('acme'))) ->> 'run_id')::bigint);
select goalpost_private.open_budgets(tests.get('own'), goalpost_private.clock());
select is((select cap_microusd from goalpost.budgets where scope = 'run' and key = tests.get('own')::text), 5::bigint, 'a budget of the request comes before the runbook''s');

select * from finish();
rollback;

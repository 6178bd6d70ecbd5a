-- A plan of a runbook waits for a required parameter that neither question nor request give; the answer goes on.
begin;
select plan(20);
select tests.world(p_bystanders => false);

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan, parameters) values
  (tests.id_of('acme'), 'sales', 'Sales', 'd', 'sales', jsonb_build_object('steps', tests.steps('a')),
   '{"type": "object", "required": ["from", "region"], "properties": {
      "from": {"type": "string", "format": "date", "description": "the first day"}, "region": {"enum": ["north", "south"]}, "limit": {"type": "integer", "minimum": 1}}}');
create function pg_temp.planned(p_parameters jsonb) returns jsonb language sql as $$
  select jsonb_build_object('runbook_id', b.id, 'plan', b.plan, 'parameters', p_parameters) from goalpost.runbooks b where b.name = 'sales' $$;
create function pg_temp.parameters(p_run bigint) returns jsonb language sql as $$ select parameters from goalpost.workflow_runs where id = p_run $$;

select tests.set('run', tests.goal());
select is(tests.complete(tests.get('run'), 'plan', pg_temp.planned('{"from": "2026-11-01", "region": "east", "other": 1}')), 'accepted', 'the plan is accepted');
select is(tests.state(tests.get('run'), 'plan'), 'waiting', 'the planning step waits');
select is((tests.approval_of(tests.get('run'), 'plan')).kind || ' ' || ((tests.approval_of(tests.get('run'), 'plan')).decider_id = tests.id_of('mia')), 'question true', 'the requester is asked');
select is((tests.approval_of(tests.get('run'), 'plan')).question, 'The runbook sales needs: region.', 'the question names the missing parameter, an invalid one too');
select is(tests.decided('mia', (tests.approval_of(tests.get('run'), 'plan')).id, 'answered', '{"answer": {"region": "east"}}'), 'ZG003', 'an answer outside the schema is refused');
select is(tests.decided('mia', (tests.approval_of(tests.get('run'), 'plan')).id, 'answered', '{"answer": {"region": "south", "from": "2026-01-01"}}'), 'ZG003', 'an answer about other parameters is refused');
select is(tests.decided('adam', (tests.approval_of(tests.get('run'), 'plan')).id, 'answered', '{"answer": {"region": "south"}}'), 'ZG002', 'another person cannot answer');
select is(tests.decide('mia', (tests.approval_of(tests.get('run'), 'plan')).id, 'answered', '{"answer": {"region": "south"}}') ->> 'state', 'approved', 'the requester answers');
select is(tests.state(tests.get('run'), 'plan') || ' ' || tests.state(tests.get('run'), 'a'), 'completed ready', 'the plan is activated by the answer');
select is(pg_temp.parameters(tests.get('run')), '{"from": "2026-11-01", "region": "south"}', 'the run has the parameters of its schema, and no others');
select is((select outcome from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'plan'), 'completed', 'the attempt of the planning step is completed');

-- Rejected: the goal fails with the reason.
select tests.set('run2', tests.goal());
select tests.complete(tests.get('run2'), 'plan', pg_temp.planned('{"from": "2026-11-01"}'));
select is(tests.decide('mia', (tests.approval_of(tests.get('run2'), 'plan')).id, 'rejected', '{"comment": "never mind"}') ->> 'state', 'rejected', 'the requester rejects the question');
select is((tests.step(tests.get('run2'), 'plan')).error ->> 'code', 'parameters_missing', 'the planning step fails with the code parameters_missing');
select matches((tests.step(tests.get('run2'), 'plan')).error ->> 'message', 'was not given: rejected: never mind', 'the message has the reason');

-- Nothing is asked where the request gives the values; they come before those of the question.
select tests.set('run3', tests.goal());
update goalpost.requests set parameters = '{"region": "north"}', context = '{"limit": 5, "region": "south"}' where id = (tests.request_of(tests.get('run3'))).id;
update goalpost.goals set context = '{"from": "2026-10-01", "limit": 7}' where id = (tests.goal_of(tests.get('run3'))).id;
select is(tests.complete(tests.get('run3'), 'plan', pg_temp.planned('{"from": "2026-11-01", "limit": 0}')), 'accepted', 'the plan with all parameters is accepted');
select is(tests.state(tests.get('run3'), 'plan'), 'completed', 'the plan with all parameters does not wait');
select is(pg_temp.parameters(tests.get('run3')), '{"from": "2026-11-01", "limit": 5, "region": "north"}', 'parameters of the request come first, then its context, the rules and the model''s');

-- A plan that a person has to approve as well waits twice.
update goalpost.workspaces set approve_plans = true where id = tests.id_of('acme');
select tests.set('run4', tests.goal());
select tests.complete(tests.get('run4'), 'plan', pg_temp.planned('{"from": "2026-11-01"}'));
select tests.decide('mia', (tests.approval_of(tests.get('run4'), 'plan')).id, 'answered', '{"answer": {"region": "south"}}');
select is(tests.state(tests.get('run4'), 'plan'), 'waiting', 'the answered plan waits for its approval');
select tests.decide('petra', (select id from goalpost.approvals where run_id = tests.get('run4') and kind = 'plan'), 'approved');
select is(pg_temp.parameters(tests.get('run4')), '{"from": "2026-11-01", "region": "south"}', 'the approved plan has the answered parameter');
select is((select count(*) from goalpost.step_attempts where run_id = tests.get('run4') and step_key = 'plan'), 1::bigint, 'the planning step has one attempt');

select * from finish();
rollback;

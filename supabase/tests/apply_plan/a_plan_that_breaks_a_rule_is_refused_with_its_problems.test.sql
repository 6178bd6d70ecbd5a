-- All or nothing: no step, no criterion, no revision of it stays.
begin;
select plan(8);
select tests.world();

select tests.set('run', tests.goal());
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('criteria', '["c"]'::jsonb, 'steps', tests.steps('a, b:zzz')))),
  '"code": "unknown_dependency"', 'the message is the list of problems');
select matches(tests.message(tests.get('run'), 'plan', '{}'), 'empty_plan', 'no plan at all');
select matches(tests.message(tests.get('run'), 'plan', null), 'empty_plan', 'no result at all');
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent('nobody')))))),
  'unknown_agent', 'agents are those of the workspace');
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a', '{"a": {"input": {"tool": "rm", "arguments": {}}}}')))),
  'unknown_tool', 'tools are those there are');
select is((select count(*) from goalpost.steps where run_id = tests.get('run')), 1::bigint, 'there is but the plan step');
select is_empty(format('select from goalpost.plan_revisions where run_id = %s', tests.get('run')), 'no revision');
select is_empty(format('select from goalpost.goal_criteria where goal_id = %s', (tests.goal_of(tests.get('run'))).id), 'no criterion');

select * from finish();
rollback;

-- All or nothing: no step, no criterion, no revision of a refused plan stays.
begin;
select plan(8);
select tests.world();

select tests.set('run', tests.goal());
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('criteria', '["c"]'::jsonb, 'steps', tests.steps('a, b:zzz')))),
  '"code": "unknown_dependency"', 'the refusal message is the list of problems');
select matches(tests.message(tests.get('run'), 'plan', '{}'), 'empty_plan', 'a result without a plan is refused as empty');
select matches(tests.message(tests.get('run'), 'plan', null), 'empty_plan', 'a missing result is refused as an empty plan');
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent('absent')))))),
  'unknown_agent', 'a plan with an agent of no workspace is refused');
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a', '{"a": {"input": {"tool": "rm", "arguments": {}}}}')))),
  'unknown_tool', 'a plan with an unknown tool is refused');
select is((select count(*) from goalpost.steps where run_id = tests.get('run')), 1::bigint, 'only the plan step is left after refused plans');
select is_empty(format('select from goalpost.plan_revisions where run_id = %s', tests.get('run')), 'a refused plan leaves no revision');
select is_empty(format('select from goalpost.goal_criteria where goal_id = %s', (tests.goal_of(tests.get('run'))).id), 'a refused plan leaves no criterion');

select * from finish();
rollback;

-- The step is completed in the same transaction, with the sub-goal's report as its result; judging the parent is
-- separate work.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('sub, b:sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select tests.do_complete(tests.get('below'), 'x');
select tests.do_complete(tests.get('below'), 'judge', '{"decision": "complete", "report": "part is done", "result": {"n": 3}}');

select is((tests.goal_of(tests.get('below'))).state, 'completed', 'the reached sub-goal is completed');
select is(tests.states(tests.get('run')), 'b=ready judge=pending sub=completed', 'the waiting step is completed and its dependent ready');
select is((tests.step(tests.get('run'), 'sub')).result,
  jsonb_build_object('goal_id', (tests.goal_of(tests.get('below'))).id, 'text', 'part is done', 'result', '{"n": 3}'::jsonb), 'the step''s result has the sub-goal''s report and result');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal above stays active');

select * from finish();
rollback;

-- In the same transaction, with its report as the step's result; judging the parent is separate work.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('sub, b:sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select tests.do_complete(tests.get('below'), 'x');
select tests.do_complete(tests.get('below'), 'judge', '{"decision": "complete", "report": "part is done", "result": {"n": 3}}');

select is((tests.goal_of(tests.get('below'))).state, 'completed', 'the sub-goal');
select is(tests.states(tests.get('run')), 'b=ready judge=pending sub=completed', 'the step above, and what waited for it');
select is((tests.step(tests.get('run'), 'sub')).result,
  jsonb_build_object('goal_id', (tests.goal_of(tests.get('below'))).id, 'text', 'part is done', 'result', '{"n": 3}'::jsonb), 'its result');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal above goes on');

select * from finish();
rollback;

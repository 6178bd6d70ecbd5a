-- In the same transaction, with its report as the step's result; judging the parent is separate work.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.planned('sub, b:sub', jsonb_build_object('sub', tests.subgoal())));
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select tests.do_complete(tests.the('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select tests.do_complete(tests.the('below'), 'x');
select tests.do_complete(tests.the('below'), 'judge', '{"decision": "complete", "report": "part is done", "result": {"n": 3}}');

select is((tests.goal_of(tests.the('below'))).state, 'completed', 'the sub-goal');
select is(tests.states(tests.the('run')), 'b=ready judge=pending sub=completed', 'the step above, and what waited for it');
select is((tests.step(tests.the('run'), 'sub')).result,
  jsonb_build_object('goal_id', (tests.goal_of(tests.the('below'))).id, 'text', 'part is done', 'result', '{"n": 3}'::jsonb), 'its result');
select is((tests.goal_of(tests.the('run'))).state, 'active', 'the goal above goes on');

select * from finish();
rollback;

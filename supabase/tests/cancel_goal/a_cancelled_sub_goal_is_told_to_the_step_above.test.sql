-- The step fails; whether the goal above goes on is on_failure's to say. Once is enough.
begin;
select plan(7);
select tests.world();

select tests.keep('run', tests.planned('sub, a, b:sub+a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select tests.keep('goal', (tests.goal_of(tests.the('below'))).id);
select is(tests.json_for('mia', format('select goalpost.cancel_goal(%s)', tests.the('goal'))), jsonb_build_object('goal_id', tests.the('goal'), 'state', 'cancelled'), 'the answer');
select is(tests.state(tests.the('run'), 'sub'), 'failed', 'the step above');
select is((tests.step(tests.the('run'), 'sub')).error ->> 'code', 'sub_goal_cancelled', 'knows why');
select is((tests.goal_of(tests.the('run'))).state, 'active', 'the goal above goes on');
select is(tests.state(tests.the('below'), 'plan'), 'cancelled', 'the steps below do not');
select is(tests.json_for('mia', format('select goalpost.cancel_goal(%s)', tests.the('goal'))) ->> 'state', 'cancelled', 'a second time');
select tests.do_complete(tests.the('run'), 'a');
select is(tests.state(tests.the('run'), 'b'), 'ready', 'what waited for both goes on with a');

select * from finish();
rollback;

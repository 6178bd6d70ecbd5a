-- The step fails; whether the goal above goes on is on_failure's to say. Once is enough.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('sub, a, b:sub+a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.set('goal', (tests.goal_of(tests.get('below'))).id);
select is(tests.json_for('mia', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), jsonb_build_object('goal_id', tests.get('goal'), 'state', 'cancelled'), 'the answer');
select is(tests.state(tests.get('run'), 'sub'), 'failed', 'the step above');
select is((tests.step(tests.get('run'), 'sub')).error ->> 'code', 'sub_goal_cancelled', 'knows why');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal above goes on');
select is(tests.state(tests.get('below'), 'plan'), 'cancelled', 'the steps below do not');
select is(tests.json_for('mia', format('select goalpost.cancel_goal(%s)', tests.get('goal'))) ->> 'state', 'cancelled', 'a second time');
select tests.do_complete(tests.get('run'), 'a');
select is(tests.state(tests.get('run'), 'b'), 'ready', 'what waited for both goes on with a');

select * from finish();
rollback;

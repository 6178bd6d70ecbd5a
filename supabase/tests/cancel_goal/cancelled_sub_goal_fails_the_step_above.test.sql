-- on_failure of the step decides whether the goal above goes on. A second cancel changes nothing.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('sub, a, b:sub+a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.set('goal', (tests.goal_of(tests.get('below'))).id);
select is(tests.json_for('mia', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), jsonb_build_object('goal_id', tests.get('goal'), 'state', 'cancelled'), 'cancel_goal returns the goal and its state');
select is(tests.state(tests.get('run'), 'sub'), 'failed', 'the step above the cancelled goal fails');
select is((tests.step(tests.get('run'), 'sub')).error ->> 'code', 'sub_goal_cancelled', 'the error code of that step is sub_goal_cancelled');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal above goes on with on_failure continue');
select is(tests.state(tests.get('below'), 'plan'), 'cancelled', 'the steps of the cancelled goal are cancelled');
select is(tests.json_for('mia', format('select goalpost.cancel_goal(%s)', tests.get('goal'))) ->> 'state', 'cancelled', 'cancelling the goal again returns the same state');
select tests.do_complete(tests.get('run'), 'a');
select is(tests.state(tests.get('run'), 'b'), 'ready', 'a step that waited for both is ready after the other');

select * from finish();
rollback;

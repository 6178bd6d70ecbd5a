begin;
select plan(4);
select tests.world();

select tests.set('first', tests.planned('a, sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('second', tests.planned('a, sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('third', tests.planned('a'));
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.get('second'))).id));
select is(tests.run_state(tests.get('second')) || ' ' || tests.run_state(tests.run_below(tests.get('second'), 'sub')), 'cancelled cancelled', 'the run of a cancelled goal ends with its sub-goal''s');
select is(tests.run_state(tests.get('first')) || ' ' || tests.run_state(tests.run_below(tests.get('first'), 'sub')), 'running running', 'an older goal of the workspace goes on with its sub-goal');
select is(tests.run_state(tests.get('third')), 'running', 'a younger goal of the workspace goes on');
select is((tests.goal_of(tests.get('first'))).state || ' ' || (tests.goal_of(tests.get('third'))).state, 'active active', 'both goals that were not cancelled are active');

select * from finish();
rollback;

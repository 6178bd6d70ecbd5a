begin;
select plan(4);
select tests.world();

select tests.keep('first', tests.planned('a, sub', jsonb_build_object('sub', tests.subgoal())));
select tests.keep('second', tests.planned('a, sub', jsonb_build_object('sub', tests.subgoal())));
select tests.keep('third', tests.planned('a'));
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.the('second'))).id));
select is(tests.run_state(tests.the('second')) || ' ' || tests.run_state(tests.run_below(tests.the('second'), 'sub')), 'cancelled cancelled', 'the run of a cancelled goal ends with its sub-goal''s');
select is(tests.run_state(tests.the('first')) || ' ' || tests.run_state(tests.run_below(tests.the('first'), 'sub')), 'running running', 'an older goal of the workspace goes on with its sub-goal');
select is(tests.run_state(tests.the('third')), 'running', 'a younger goal of the workspace goes on');
select is((tests.goal_of(tests.the('first'))).state || ' ' || (tests.goal_of(tests.the('third'))).state, 'active active', 'both goals are active');

select * from finish();
rollback;

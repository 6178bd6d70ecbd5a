-- The goal above may go on with steps that waited for the sub-goal.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, sub, b:sub+a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.do_complete(tests.get('run'), 'a');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select tests.set('before', tests.wake_count('executor'));
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.run_below(tests.get('run'), 'sub'))).id));
select is(tests.state(tests.get('run'), 'b'), 'ready', 'the step that waited for the cancelled sub-goal is ready');
select is(tests.wake_count('executor') - tests.get('before'), 1::bigint, 'one wake is sent for the step that became ready');

select * from finish();
rollback;

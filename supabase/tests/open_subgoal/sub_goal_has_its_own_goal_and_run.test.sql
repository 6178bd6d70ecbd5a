-- pending -> waiting; the results that the step depends on are the sub-goal's context.
begin;
select plan(8);
select tests.world();

select tests.set('run', tests.planned('a, sub:a', jsonb_build_object('sub', tests.subgoal())));
select tests.do_complete(tests.get('run'), 'a', '{"found": 7}');
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select is(tests.state(tests.get('run'), 'sub'), 'waiting', 'the step of a sub-goal waits');
select is((tests.goal_of(tests.get('below'))).depth, 1, 'the sub-goal is one level deeper');
select is((tests.goal_of(tests.get('below'))).parent_goal_id, (tests.goal_of(tests.get('run'))).id, 'the parent of the sub-goal is this goal');
select is((tests.goal_of(tests.get('below'))).root_goal_id, (tests.goal_of(tests.get('run'))).id, 'the sub-goal is in the tree of this goal');
select is((tests.goal_of(tests.get('below'))).context, '{"a": {"found": 7}}', 'the context of the sub-goal has the results so far');
select is((select root_run_id from goalpost.workflow_runs where id = tests.get('below')), (select root_run_id from goalpost.workflow_runs where id = tests.get('run')), 'the run of the sub-goal has the same root run');
select is((select deadline_at from goalpost.workflow_runs where id = tests.get('below')), (select deadline_at from goalpost.workflow_runs where id = tests.get('run')), 'the run of the sub-goal has the same deadline');
select is(tests.state(tests.get('below'), 'plan'), 'ready', 'the plan step of the sub-goal is ready');

select * from finish();
rollback;

-- pending -> waiting; what the step depends on is the sub-goal's context.
begin;
select plan(8);
select tests.world();

select tests.set('run', tests.planned('a, sub:a', jsonb_build_object('sub', tests.subgoal())));
select tests.do_complete(tests.get('run'), 'a', '{"found": 7}');
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select is(tests.state(tests.get('run'), 'sub'), 'waiting', 'the step waits');
select is((tests.goal_of(tests.get('below'))).depth, 1, 'a goal one deeper');
select is((tests.goal_of(tests.get('below'))).parent_goal_id, (tests.goal_of(tests.get('run'))).id, 'below this one');
select is((tests.goal_of(tests.get('below'))).root_goal_id, (tests.goal_of(tests.get('run'))).id, 'in the same tree');
select is((tests.goal_of(tests.get('below'))).context, '{"a": {"found": 7}}', 'with what was found so far');
select is((select root_run_id from goalpost.workflow_runs where id = tests.get('below')), (select root_run_id from goalpost.workflow_runs where id = tests.get('run')), 'under the same lock');
select is((select deadline_at from goalpost.workflow_runs where id = tests.get('below')), (select deadline_at from goalpost.workflow_runs where id = tests.get('run')), 'and the same deadline');
select is(tests.state(tests.get('below'), 'plan'), 'ready', 'to be planned');

select * from finish();
rollback;

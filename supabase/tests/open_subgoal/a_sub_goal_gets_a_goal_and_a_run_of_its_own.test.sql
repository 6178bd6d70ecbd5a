-- pending -> waiting; what the step depends on is the sub-goal's context.
begin;
select plan(8);
select tests.world();

select tests.keep('run', tests.planned('a, sub:a', jsonb_build_object('sub', tests.subgoal())));
select tests.do_complete(tests.the('run'), 'a', '{"found": 7}');
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select is(tests.state(tests.the('run'), 'sub'), 'waiting', 'the step waits');
select is((tests.goal_of(tests.the('below'))).depth, 1, 'a goal one deeper');
select is((tests.goal_of(tests.the('below'))).parent_goal_id, (tests.goal_of(tests.the('run'))).id, 'below this one');
select is((tests.goal_of(tests.the('below'))).root_goal_id, (tests.goal_of(tests.the('run'))).id, 'in the same tree');
select is((tests.goal_of(tests.the('below'))).context, '{"a": {"found": 7}}', 'with what was found so far');
select is((select root_run_id from goalpost.workflow_runs where id = tests.the('below')), (select root_run_id from goalpost.workflow_runs where id = tests.the('run')), 'under the same lock');
select is((select deadline_at from goalpost.workflow_runs where id = tests.the('below')), (select deadline_at from goalpost.workflow_runs where id = tests.the('run')), 'and the same deadline');
select is(tests.state(tests.the('below'), 'plan'), 'ready', 'to be planned');

select * from finish();
rollback;

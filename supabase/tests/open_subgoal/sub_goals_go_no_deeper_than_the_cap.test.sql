-- A sub-goal below the greatest depth fails its step, and with it the run.
begin;
select plan(3);
select tests.world();

update goalpost_private.limits set max_goal_depth = 1;
select tests.set('run', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select is(tests.state(tests.get('run'), 'sub'), 'waiting', 'a sub-goal at the greatest depth waits');
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('sub', jsonb_build_object('sub', tests.subgoal())))));
select is((tests.step(tests.get('below'), 'sub')).error ->> 'code', 'too_many_goals', 'the step of a deeper sub-goal fails with too_many_goals');
select tests.report_failure(tests.get('below'));
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the failure reaches the run above');

select * from finish();
rollback;

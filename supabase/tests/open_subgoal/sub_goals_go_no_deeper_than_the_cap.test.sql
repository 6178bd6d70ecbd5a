-- The one too deep fails its step, and with it the run that wanted it.
begin;
select plan(3);
select tests.world();

update goalpost_private.limits set max_goal_depth = 1;
select tests.keep('run', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select is(tests.state(tests.the('run'), 'sub'), 'waiting', 'one deep is allowed');
select tests.do_complete(tests.the('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('sub', jsonb_build_object('sub', tests.subgoal())))));
select is((tests.step(tests.the('below'), 'sub')).error ->> 'code', 'too_many_goals', 'two deep is not');
select tests.report_failure(tests.the('below'));
select tests.report_failure(tests.the('run'));
select is(tests.run_state(tests.the('run')), 'failed', 'the failure reaches the run above');

select * from finish();
rollback;

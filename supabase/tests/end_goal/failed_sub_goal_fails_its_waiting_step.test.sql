-- The step is not tried again: the sub-goal had its own attempts. on_failure decides whether the goal above goes on.
begin;
select plan(5);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('sub, b:sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_fail(tests.get('below'), 'plan');
select is(tests.state(tests.get('run'), 'sub'), 'failed', 'the step that waits for a failed sub-goal fails');
select is((tests.step(tests.get('run'), 'sub')).error ->> 'code', 'sub_goal_failed', 'the error code of that step is sub_goal_failed');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run above fails after its judge has reported');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request fails with the run above');
select is((select count(*) from goalpost.dead_letters), 1::bigint, 'one dead letter is left, of the step that broke');

select * from finish();
rollback;

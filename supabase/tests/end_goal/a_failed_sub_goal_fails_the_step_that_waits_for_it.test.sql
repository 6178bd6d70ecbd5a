-- Without another try: the sub-goal had its own. on_failure decides whether the goal above goes on.
begin;
select plan(5);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('sub, b:sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_fail(tests.get('below'), 'plan');
select is(tests.state(tests.get('run'), 'sub'), 'failed', 'the step');
select is((tests.step(tests.get('run'), 'sub')).error ->> 'code', 'sub_goal_failed', 'for this reason');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('run')), 'failed', 'the run above fails once its judge has reported');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'up to the request');
select is((select count(*) from goalpost.dead_letters), 1::bigint, 'one dead letter, of the step that broke');

select * from finish();
rollback;

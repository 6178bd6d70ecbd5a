-- The failure of a step in a sub-goal ended everything above: all of it is active again.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.planned('sub, c:sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_fail(tests.get('below'), 'plan');
select tests.report_failure(tests.get('run'));
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request has failed with the sub-goal');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('below'), 'plan')));
select is(tests.run_state(tests.get('below')) || ' ' || tests.run_state(tests.get('run')), 'running running', 'the runs of both goals are running');
select is((tests.goal_of(tests.get('below'))).state || ' ' || (tests.goal_of(tests.get('run'))).state, 'active active', 'both goals are active again');
select is(tests.states(tests.get('run')), 'c=pending judge=pending sub=waiting', 'the step above waits again');
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the request is accepted again');
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select tests.do_complete(tests.get('below'), 'x');
select tests.do_complete(tests.get('below'), 'judge', '{"decision": "complete", "report": "r"}');
select is(tests.states(tests.get('run')), 'c=ready judge=pending sub=completed', 'the end of the sub-goal completes the step above');

select * from finish();
rollback;

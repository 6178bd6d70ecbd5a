-- The failure of a step far below ended everything above: all of it is active again.
begin;
select plan(6);
select tests.world();

select tests.keep('run', tests.planned('sub, c:sub', jsonb_build_object('sub', tests.subgoal())));
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select tests.do_fail(tests.the('below'), 'plan');
select tests.report_failure(tests.the('run'));
select is((tests.request_of(tests.the('run'))).state, 'failed', 'all had failed');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.the('below'), 'plan')));
select is(tests.run_state(tests.the('below')) || ' ' || tests.run_state(tests.the('run')), 'running running', 'both runs');
select is((tests.goal_of(tests.the('below'))).state || ' ' || (tests.goal_of(tests.the('run'))).state, 'active active', 'both goals');
select is(tests.states(tests.the('run')), 'c=pending judge=pending sub=waiting', 'the step above waits again');
select is((tests.request_of(tests.the('run'))).state, 'accepted', 'the request');
select tests.do_complete(tests.the('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select tests.do_complete(tests.the('below'), 'x');
select tests.do_complete(tests.the('below'), 'judge', '{"decision": "complete", "report": "r"}');
select is(tests.states(tests.the('run')), 'c=ready judge=pending sub=completed', 'and hears of the end');

select * from finish();
rollback;

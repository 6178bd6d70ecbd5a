-- A sub-goal that failed while the goal above went on: retrying it would work for nobody.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.planned('sub, a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select tests.do_fail(tests.the('below'), 'plan');
select tests.keep('letter', tests.dead_letter_of(tests.the('below'), 'plan'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.the('letter'))), 'ZG004', 'the goal above went on');
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.the('run'))).id));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.the('letter'))), 'ZG004', 'it was cancelled');
select is(tests.run_state(tests.the('below')), 'failed', 'the sub-goal stays failed');
select is((tests.request_of(tests.the('run'))).state, 'cancelled', 'the request stays cancelled');

select * from finish();
rollback;

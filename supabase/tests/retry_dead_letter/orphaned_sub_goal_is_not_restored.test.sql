-- The goal above went on without the failed sub-goal, so a retry of it would have no use.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('sub, a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_fail(tests.get('below'), 'plan');
select tests.set('letter', tests.dead_letter_of(tests.get('below'), 'plan'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'a retry is refused where the goal above went on');
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('run'))).id));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'a retry is refused in a cancelled request');
select is(tests.run_state(tests.get('below')), 'failed', 'the sub-goal stays failed after refused retries');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'the request stays cancelled after refused retries');

select * from finish();
rollback;

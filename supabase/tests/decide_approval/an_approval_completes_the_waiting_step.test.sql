-- pending -> approved; the step has the decision as its result, and its dependents are ready.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a, ap:a, b:ap', jsonb_build_object('ap', tests.approval(), 'b', '{"condition": {"ap": {"decision": "approved"}}}'::jsonb)));
select tests.do_complete(tests.get('run'), 'a', '{"sql": "drop"}');
select tests.set('approval', (tests.approval_of(tests.get('run'), 'ap')).id);
select is((tests.approval_of(tests.get('run'), 'ap')).shown, '{"a": {"sql": "drop"}}', 'the approval shows the results that its step depends on');
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'approver', 'an approver decides by default');
select is((tests.approval_of(tests.get('run'), 'ap')).expires_at, goalpost_private.clock() + interval '7 days', 'an approval step expires after a week by default');
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'', ''go'')', tests.get('approval'))) - 'approval_id',
  jsonb_build_object('state', 'approved', 'first', true, 'decided_by', tests.id_of('petra'), 'decided_at', goalpost_private.clock()), 'decide_approval returns the state, the person and the time');
select is(tests.states(tests.get('run')), 'a=completed ap=completed b=ready judge=pending', 'the approved step is completed and its dependent ready');
select is((tests.step(tests.get('run'), 'ap')).result, jsonb_build_object('decision', 'approved', 'comment', 'go', 'decided_by', tests.id_of('petra')), 'the result of the step is the decision with its comment');
select is(tests.wake_count('executor'), 1::bigint, 'no second wake is sent while the first is unacknowledged');

select * from finish();
rollback;

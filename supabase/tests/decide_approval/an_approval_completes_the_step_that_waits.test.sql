-- pending -> approved, the step with the decision as its result, and what waits for it.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a, ap:a, b:ap', jsonb_build_object('ap', tests.approval(), 'b', '{"condition": {"ap": {"decision": "approved"}}}'::jsonb)));
select tests.do_complete(tests.get('run'), 'a', '{"sql": "drop"}');
select tests.set('approval', (tests.approval_of(tests.get('run'), 'ap')).id);
select is((tests.approval_of(tests.get('run'), 'ap')).shown, '{"a": {"sql": "drop"}}', 'the person is shown what it is about');
select is((tests.approval_of(tests.get('run'), 'ap')).required_role, 'approver', 'approvers decide unless it says otherwise');
select is((tests.approval_of(tests.get('run'), 'ap')).expires_at, goalpost_private.clock() + interval '7 days', 'within a week unless it says otherwise');
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'', ''go'')', tests.get('approval'))) - 'approval_id',
  jsonb_build_object('state', 'approved', 'first', true, 'decided_by', tests.id_of('petra'), 'decided_at', goalpost_private.clock()), 'the answer');
select is(tests.states(tests.get('run')), 'a=completed ap=completed b=ready judge=pending', 'the steps');
select is((tests.step(tests.get('run'), 'ap')).result, jsonb_build_object('decision', 'approved', 'comment', 'go', 'decided_by', tests.id_of('petra')), 'the result');
select is(tests.wake_count('executor'), 1::bigint, 'the bell of a is not yet heard; no second one is rung');

select * from finish();
rollback;

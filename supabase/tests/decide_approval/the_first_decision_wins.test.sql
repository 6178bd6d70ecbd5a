-- Later decisions return the first one and change nothing.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"on_reject": "continue"}'))));
select tests.set('approval', (tests.approval_of(tests.get('run'), 'ap')).id);
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''rejected'', ''no'')', tests.get('approval')));
select tests.advance_clock('1 minute');
select is(tests.json_for('adam', format('select goalpost.decide_approval(%s, ''approved'', ''yes'')', tests.get('approval'))),
  jsonb_build_object('approval_id', tests.get('approval'), 'state', 'rejected', 'first', false, 'decided_by', tests.id_of('petra'), 'decided_at', '2030-01-01 12:00:00+00'::timestamptz), 'a second decision returns the first one');
select is((tests.approval_of(tests.get('run'), 'ap')).comment, 'no', 'the approval keeps the comment of the first decision');
select is((tests.step(tests.get('run'), 'ap')).result ->> 'decision', 'rejected', 'the step has the first decision');

select * from finish();
rollback;

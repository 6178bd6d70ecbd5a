-- The approval was cancelled with its run: whoever comes late is told.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.set('approval', (tests.approval_of(tests.get('run'), 'ap')).id);
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('run'))).id));
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))) ->> 'state', 'cancelled', 'what it is');
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))) ->> 'first', 'false', 'and that hers did not count');
select is(tests.states(tests.get('run')), 'ap=cancelled judge=cancelled', 'the step stays cancelled');

select * from finish();
rollback;

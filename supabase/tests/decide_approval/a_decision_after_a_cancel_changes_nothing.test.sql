-- The approval was cancelled with its run, and a late decision returns that state.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.set('approval', (tests.approval_of(tests.get('run'), 'ap')).id);
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('run'))).id));
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))) ->> 'state', 'cancelled', 'a decision after a cancel returns the state cancelled');
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))) ->> 'first', 'false', 'a decision after a cancel is not the first');
select is(tests.states(tests.get('run')), 'ap=cancelled judge=cancelled', 'the step stays cancelled after a late decision');

select * from finish();
rollback;

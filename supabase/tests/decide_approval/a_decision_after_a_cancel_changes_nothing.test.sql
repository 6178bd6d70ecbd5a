-- The approval was cancelled with its run: whoever comes late is told.
begin;
select plan(3);
select tests.world();

select tests.keep('run', tests.planned('ap', jsonb_build_object('ap', tests.approval())));
select tests.keep('approval', (tests.approval_of(tests.the('run'), 'ap')).id);
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.the('run'))).id));
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.the('approval'))) ->> 'state', 'cancelled', 'what it is');
select is(tests.json_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.the('approval'))) ->> 'first', 'false', 'and that hers did not count');
select is(tests.states(tests.the('run')), 'ap=cancelled judge=cancelled', 'the step stays cancelled');

select * from finish();
rollback;

-- The requester or an admin may cancel.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select is(tests.refusal_for('petra', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), 'ZG002', 'another person may not cancel the goal');
select is(tests.refusal_for('sam', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), 'ZG001', 'a stranger cannot see the goal to cancel');
select is(tests.refusal_for('mia', 'select goalpost.cancel_goal(-1)'), 'ZG001', 'a goal that does not exist is refused like an invisible one');
select is(tests.refusal_for('adam', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), 'none', 'an admin may cancel the goal');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'the request of a cancelled root goal is cancelled');
select is_empty(format('select from goalpost.dead_letters where run_id = %s', tests.get('run')), 'a cancelled goal leaves no dead letter');

select * from finish();
rollback;

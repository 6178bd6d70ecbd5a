-- By whoever asked, or an admin.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select is(tests.refusal_for('petra', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), 'ZG002', 'another person');
select is(tests.refusal_for('sam', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), 'ZG001', 'a stranger');
select is(tests.refusal_for('mia', 'select goalpost.cancel_goal(-1)'), 'ZG001', 'no such goal: the same');
select is(tests.refusal_for('adam', format('select goalpost.cancel_goal(%s)', tests.get('goal'))), 'none', 'an admin');
select is((tests.request_of(tests.get('run'))).state, 'cancelled', 'the request');
select is_empty(format('select from goalpost.dead_letters where run_id = %s', tests.get('run')), 'no dead letter');

select * from finish();
rollback;

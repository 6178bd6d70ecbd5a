-- By whoever asked, or an admin.
begin;
select plan(6);
select tests.world();

select tests.keep('run', tests.planned('a'));
select tests.keep('goal', (tests.goal_of(tests.the('run'))).id);
select is(tests.refusal_for('petra', format('select goalpost.cancel_goal(%s)', tests.the('goal'))), 'ZG002', 'another person');
select is(tests.refusal_for('sam', format('select goalpost.cancel_goal(%s)', tests.the('goal'))), 'ZG001', 'a stranger');
select is(tests.refusal_for('mia', 'select goalpost.cancel_goal(-1)'), 'ZG001', 'no such goal: the same');
select is(tests.refusal_for('adam', format('select goalpost.cancel_goal(%s)', tests.the('goal'))), 'none', 'an admin');
select is((tests.request_of(tests.the('run'))).state, 'cancelled', 'the request');
select is_empty(format('select from goalpost.dead_letters where run_id = %s', tests.the('run')), 'no dead letter');

select * from finish();
rollback;

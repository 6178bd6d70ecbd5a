-- Roles rank; a stranger sees nothing; nonsense is refused and leaves it pending.
begin;
select plan(8);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "admin"}'))));
select tests.set('approval', (tests.approval_of(tests.get('run'), 'ap')).id);
select is(tests.refusal_for('vera', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'ZG002', 'a viewer');
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'ZG002', 'an approver, where an admin is asked for');
select is(tests.refusal_for('sam', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'ZG001', 'a stranger');
select is(tests.refusal_for('adam', 'select goalpost.decide_approval(-1, ''approved'')'), 'ZG001', 'no such approval: the same');
select is(tests.refusal_for('adam', format('select goalpost.decide_approval(%s, ''maybe'')', tests.get('approval'))), 'ZG003', 'no decision');
select is(tests.refusal_for('adam', format('select goalpost.decide_approval(%s, null)', tests.get('approval'))), 'ZG003', 'none at all');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'pending', 'it is pending all the while');
select is(tests.refusal_for('olga', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'none', 'an owner is more than an admin');

select * from finish();
rollback;

-- Roles are ordered; a stranger sees no approval; an invalid decision is refused and leaves it pending.
begin;
select plan(8);
select tests.world();

select tests.set('run', tests.planned('ap', jsonb_build_object('ap', tests.approval('{"required_role": "admin"}'))));
select tests.set('approval', (tests.approval_of(tests.get('run'), 'ap')).id);
select is(tests.refusal_for('vera', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'ZG002', 'a viewer may not decide an approval for admins');
select is(tests.refusal_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'ZG002', 'an approver may not decide an approval for admins');
select is(tests.refusal_for('sam', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'ZG001', 'a stranger cannot see the approval');
select is(tests.refusal_for('adam', 'select goalpost.decide_approval(-1, ''approved'')'), 'ZG001', 'an approval that does not exist is refused like an invisible one');
select is(tests.refusal_for('adam', format('select goalpost.decide_approval(%s, ''maybe'')', tests.get('approval'))), 'ZG003', 'an unknown decision is refused');
select is(tests.refusal_for('adam', format('select goalpost.decide_approval(%s, null)', tests.get('approval'))), 'ZG003', 'a decision that is null is refused');
select is((tests.approval_of(tests.get('run'), 'ap')).state, 'pending', 'refused decisions leave the approval pending');
select is(tests.refusal_for('olga', format('select goalpost.decide_approval(%s, ''approved'')', tests.get('approval'))), 'none', 'an owner may decide an approval for admins');

select * from finish();
rollback;

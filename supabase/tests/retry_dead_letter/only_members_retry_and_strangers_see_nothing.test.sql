-- ZG002 for too low a role, ZG001 for those who may not know of it.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_fail(tests.get('run'), 'a');
select tests.set('letter', tests.dead_letter_of(tests.get('run'), 'a'));
select is(tests.refusal_for('vera', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG002', 'a viewer');
select is(tests.refusal_for('sam', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG001', 'a stranger');
select is(tests.refusal_for('mia', 'select goalpost.retry_dead_letter(-1)'), 'ZG001', 'no such letter: the same words');
select is(tests.state(tests.get('run'), 'a'), 'failed', 'nothing happened');

select * from finish();
rollback;

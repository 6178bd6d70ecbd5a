-- ZG002 for too low a role, ZG001 for those who may not know of it.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.planned('a'));
select tests.do_fail(tests.the('run'), 'a');
select tests.keep('letter', tests.dead_letter_of(tests.the('run'), 'a'));
select is(tests.refusal_for('vera', format('select goalpost.retry_dead_letter(%s)', tests.the('letter'))), 'ZG002', 'a viewer');
select is(tests.refusal_for('sam', format('select goalpost.retry_dead_letter(%s)', tests.the('letter'))), 'ZG001', 'a stranger');
select is(tests.refusal_for('mia', 'select goalpost.retry_dead_letter(-1)'), 'ZG001', 'no such letter: the same words');
select is(tests.state(tests.the('run'), 'a'), 'failed', 'nothing happened');

select * from finish();
rollback;

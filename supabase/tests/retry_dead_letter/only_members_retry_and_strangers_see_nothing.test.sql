-- ZG002 for a role that is too low, ZG001 for persons who may not see the letter.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_fail(tests.get('run'), 'a');
select tests.set('letter', tests.dead_letter_of(tests.get('run'), 'a'));
select is(tests.refusal_for('vera', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG002', 'a viewer may not retry a letter');
select is(tests.refusal_for('sam', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG001', 'a stranger cannot see the letter');
select is(tests.refusal_for('mia', 'select goalpost.retry_dead_letter(-1)'), 'ZG001', 'a letter that does not exist is refused like an invisible one');
select is(tests.state(tests.get('run'), 'a'), 'failed', 'refused retries leave the step failed');

select * from finish();
rollback;

-- A second retry of the same letter is refused.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
select tests.set('letter', tests.dead_letter_of(tests.get('run'), 'a'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'none', 'the first retry of a letter is accepted');
select is(tests.refusal_for('adam', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'a second retry of the letter is refused');
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'the letter is refused also after another failure');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))), 'none', 'the new failure has a letter of its own');

select * from finish();
rollback;

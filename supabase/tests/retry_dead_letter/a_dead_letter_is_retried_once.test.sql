-- A second person hears that it was.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
select tests.set('letter', tests.dead_letter_of(tests.get('run'), 'a'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'none', 'the first');
select is(tests.refusal_for('adam', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'the second');
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'also when it has failed again');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))), 'none', 'that is a letter of its own');

select * from finish();
rollback;

-- The run goes on, ended otherwise, or failed with another step, so there is nothing to restore.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select tests.set('letter', tests.dead_letter_of(tests.get('run'), 'a'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'a retry is refused while the run goes on');
select tests.do_fail(tests.get('run'), 'b');
select tests.report_failure(tests.get('run'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'a retry is refused where another step failed the run');
select is((select retried_at from goalpost.dead_letters where id = tests.get('letter')), null, 'a refused retry does not mark the letter');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'b'))), 'none', 'the step that failed the run can be retried');

select * from finish();
rollback;

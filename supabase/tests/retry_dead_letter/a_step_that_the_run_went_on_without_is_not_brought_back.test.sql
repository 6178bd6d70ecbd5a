-- There is nothing to bring it back to: the run goes on, ended otherwise, or failed with another step.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select tests.set('letter', tests.dead_letter_of(tests.get('run'), 'a'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'the run goes on');
select tests.do_fail(tests.get('run'), 'b');
select tests.report_failure(tests.get('run'));
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.get('letter'))), 'ZG004', 'the run failed, but with b');
select is((select retried_at from goalpost.dead_letters where id = tests.get('letter')), null, 'the letter is not marked');
select is(tests.refusal_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'b'))), 'none', 'b can be tried again');

select * from finish();
rollback;

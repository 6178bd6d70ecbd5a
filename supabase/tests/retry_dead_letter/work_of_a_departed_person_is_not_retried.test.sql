-- It would run with the rights of a person who may not make requests any more.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.do_fail(tests.get('run'), 'a');
select tests.report_failure(tests.get('run'));
update goalpost.members set role = 'viewer' where user_id = tests.id_of('mia');
select is(tests.refusal_for('adam', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))), 'ZG004', 'work of a person who became a viewer is not retried');
delete from goalpost.members where user_id = tests.id_of('mia');
select is(tests.refusal_for('adam', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))), 'ZG004', 'work of a removed person is not retried');
select is(tests.run_state(tests.get('run')), 'failed', 'the run stays failed after refused retries');
insert into goalpost.members values (tests.id_of('acme'), tests.id_of('mia'), 'member');
select is(tests.refusal_for('adam', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'a'))), 'none', 'work of a member is retried by another member');

select * from finish();
rollback;

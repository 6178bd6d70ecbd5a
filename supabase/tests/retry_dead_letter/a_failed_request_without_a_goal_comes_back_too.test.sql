-- An assessment that broke: the request is accepted again.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_fail(tests.get('run'), 'assess');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'it had failed');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'assess')));
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'accepted');
select is((tests.request_of(tests.get('run'))).ended_at, null, 'and not ended');
select is(tests.complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "t"}'), 'accepted', 'this time it goes well');

select * from finish();
rollback;

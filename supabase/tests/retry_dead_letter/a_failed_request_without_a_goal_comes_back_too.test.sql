-- An assessment that broke: the request is accepted again.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.ask());
select tests.do_fail(tests.the('run'), 'assess');
select is((tests.request_of(tests.the('run'))).state, 'failed', 'it had failed');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.the('run'), 'assess')));
select is((tests.request_of(tests.the('run'))).state, 'accepted', 'accepted');
select is((tests.request_of(tests.the('run'))).ended_at, null, 'and not ended');
select is(tests.complete(tests.the('run'), 'assess', '{"decision": "answer", "text": "t"}'), 'accepted', 'this time it goes well');

select * from finish();
rollback;

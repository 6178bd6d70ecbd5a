-- The assessment failed: the retry makes the request accepted again.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_fail(tests.get('run'), 'assess');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'a request whose assessment failed has failed');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'assess')));
select is((tests.request_of(tests.get('run'))).state, 'accepted', 'the retry makes the request accepted');
select is((tests.request_of(tests.get('run'))).ended_at, null, 'the restored request has no end time');
select is(tests.complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "t"}'), 'accepted', 'the retried assessment can be completed');

select * from finish();
rollback;

-- Cancel against completion: whoever was first.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "t"}');
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('run'))).id)) ->> 'state', 'answered', 'answered it stays');

select * from finish();
rollback;

-- Cancel against completion: whoever was first.
begin;
select plan(1);
select tests.world();

select tests.keep('run', tests.ask());
select tests.do_complete(tests.the('run'), 'assess', '{"decision": "answer", "text": "t"}');
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.the('run'))).id)) ->> 'state', 'answered', 'answered it stays');

select * from finish();
rollback;

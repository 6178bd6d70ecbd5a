-- Of a cancel and a completion the first one counts.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "t"}');
select is(tests.json_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('run'))).id)) ->> 'state', 'answered', 'an answered request stays answered when it is cancelled');

select * from finish();
rollback;

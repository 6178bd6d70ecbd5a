-- The last of a few steps gives the answer, whatever else is open.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('slow, a, b:a')));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'b', '{"text": "forty-two", "value": 42}');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'the request is answered when its last step is completed');
select is((tests.request_of(tests.get('run'))).answer_text, 'forty-two', 'the text of the result is the answer text');
select is((tests.request_of(tests.get('run'))).answer, '{"text": "forty-two", "value": 42}', 'the answer contains the result as data');
select is(tests.state(tests.get('run'), 'slow'), 'cancelled', 'an open step of the answered request is cancelled');

select * from finish();
rollback;

-- The last of a few steps is the answer, whatever else is open.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('slow, a, b:a')));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'b', '{"text": "forty-two", "value": 42}');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'answered');
select is((tests.request_of(tests.get('run'))).answer_text, 'forty-two', 'in words');
select is((tests.request_of(tests.get('run'))).answer, '{"text": "forty-two", "value": 42}', 'and as data');
select is(tests.state(tests.get('run'), 'slow'), 'cancelled', 'the open step is cancelled');

select * from finish();
rollback;

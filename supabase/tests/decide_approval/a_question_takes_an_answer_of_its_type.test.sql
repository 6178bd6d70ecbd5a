-- The answer becomes the call's result. Without a schema the answer is a text.
begin;
select plan(13);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('free', tests.asks(tests.get('run'), 'a', 'question'));
select tests.set('typed', tests.asks(tests.get('run'), 'a', 'question',
  '{"answer_schema": {"type": "object", "required": ["colour"], "properties": {"colour": {"enum": ["red", "blue"]}}, "additionalProperties": false}}'));
select tests.set('refused', tests.asks(tests.get('run'), 'a', 'question'));
select is(tests.decided('vera', tests.get('free'), 'answered', '{"answer": "x"}'), 'ZG002', 'a viewer may not answer a question');
select is(tests.decided('mia', tests.get('free'), 'answered'), 'ZG003', 'a decision answered without an answer is refused');
select is(tests.decided('mia', tests.get('free'), 'answered', '{"answer": ""}'), 'ZG003', 'an empty answer is refused');
select is(tests.decided('mia', tests.get('free'), 'answered', '{"answer": 7}'), 'ZG003', 'an answer of another type is refused');
select is(tests.decided('mia', tests.get('free'), 'approved', '{"answer": "x"}'), 'ZG003', 'a question cannot be approved');
select is(tests.decided('mia', tests.get('typed'), 'answered', '{"answer": {"colour": "green"}}'), 'ZG003', 'an answer that is none of the options is refused');
select is(tests.decided('mia', tests.get('typed'), 'answered', '{"answer": {}}'), 'ZG003', 'an answer without a required field is refused');
select tests.decide('mia', tests.get('typed'), 'answered', '{"answer": {"colour": "blue"}}');
select is((tests.the_call(tests.get('run'), 'a', 2)).result, '{"colour": "blue"}', 'a typed answer is the result of the call');
select tests.decide('mia', tests.get('free'), 'answered', '{"answer": "yes, on Monday"}');
select is((tests.the_call(tests.get('run'), 'a', 1)).result, '"yes, on Monday"', 'a text answer is the result of the call');
select is((tests.the_call(tests.get('run'), 'a', 1)).state, 'done', 'an answered call is done');
select tests.decide('mia', tests.get('refused'), 'rejected', '{"comment": "ask another person"}');
select is((tests.the_call(tests.get('run'), 'a', 3)).state, 'denied', 'a rejected question denies its call');
select is((tests.the_call(tests.get('run'), 'a', 3)).error ->> 'message', 'rejected: ask another person', 'a denied question has the reason of the rejection');
select is((select answer from goalpost.approvals where id = tests.get('typed')), '{"colour": "blue"}', 'the answer is kept with the question');

select * from finish();
rollback;

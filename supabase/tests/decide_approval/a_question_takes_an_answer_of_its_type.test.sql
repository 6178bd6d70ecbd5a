-- The answer becomes the call's result. Without a schema it is a text.
begin;
select plan(13);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('free', tests.asks(tests.get('run'), 'a', 'question'));
select tests.set('typed', tests.asks(tests.get('run'), 'a', 'question',
  '{"answer_schema": {"type": "object", "required": ["colour"], "properties": {"colour": {"enum": ["red", "blue"]}}, "additionalProperties": false}}'));
select tests.set('refused', tests.asks(tests.get('run'), 'a', 'question'));
select is(tests.decided('vera', tests.get('free'), 'answered', '{"answer": "x"}'), 'ZG002', 'a viewer answers nothing');
select is(tests.decided('mia', tests.get('free'), 'answered'), 'ZG003', 'no answer');
select is(tests.decided('mia', tests.get('free'), 'answered', '{"answer": ""}'), 'ZG003', 'an empty one');
select is(tests.decided('mia', tests.get('free'), 'answered', '{"answer": 7}'), 'ZG003', 'of another type');
select is(tests.decided('mia', tests.get('free'), 'approved', '{"answer": "x"}'), 'ZG003', 'a question is not approved');
select is(tests.decided('mia', tests.get('typed'), 'answered', '{"answer": {"colour": "green"}}'), 'ZG003', 'none of those that there are');
select is(tests.decided('mia', tests.get('typed'), 'answered', '{"answer": {}}'), 'ZG003', 'something is missing');
select tests.decide('mia', tests.get('typed'), 'answered', '{"answer": {"colour": "blue"}}');
select is((tests.the_call(tests.get('run'), 'a', 2)).result, '{"colour": "blue"}', 'the answer is the result');
select tests.decide('mia', tests.get('free'), 'answered', '{"answer": "yes, on Monday"}');
select is((tests.the_call(tests.get('run'), 'a', 1)).result, '"yes, on Monday"', 'a text');
select is((tests.the_call(tests.get('run'), 'a', 1)).state, 'done', 'done');
select tests.decide('mia', tests.get('refused'), 'rejected', '{"comment": "ask somebody else"}');
select is((tests.the_call(tests.get('run'), 'a', 3)).state, 'denied', 'a question may stay without an answer');
select is((tests.the_call(tests.get('run'), 'a', 3)).error ->> 'message', 'rejected: ask somebody else', 'with a reason');
select is((select answer from goalpost.approvals where id = tests.get('typed')), '{"colour": "blue"}', 'the answer is kept with the question');

select * from finish();
rollback;

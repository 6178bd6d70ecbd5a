-- Models write assessments: each lack has a message, and nothing is written.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.ask());
select tests.start(tests.get('run'), 'assess');
select is(tests.message(tests.get('run'), 'assess', c.result), c.message, 'an assessment is refused with ' || c.claim)
  from (values
    (null::jsonb, 'the decision must be answer, steps or goal', 'no result'),
    ('"answer"', 'the decision must be answer, steps or goal', 'no object'),
    ('{}', 'the decision must be answer, steps or goal', 'no decision'),
    ('{"decision": "maybe"}', 'the decision must be answer, steps or goal', 'an unknown decision'),
    ('{"decision": "answer"}', 'an answer needs its text', 'no text'),
    ('{"decision": "answer", "text": ""}', 'an answer needs its text', 'an empty text'),
    ('{"decision": "goal"}', 'a goal needs a title and a description', 'no goal'),
    ('{"decision": "goal", "goal": {"title": "t"}}', 'a goal needs a title and a description', 'no description'),
    ('{"decision": "goal", "goal": {"title": "", "description": "d"}}', 'a goal needs a title and a description', 'no title'),
    ('{"decision": "goal", "goal": "big"}', 'a goal needs a title and a description', 'a goal that is none')
  ) c (result, message, claim);
select matches(tests.message(tests.get('run'), 'assess', '{"decision": "steps"}'), 'empty_plan', 'a decision for steps without steps is refused');
select matches(tests.message(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('a:b'))), 'unknown_dependency', 'steps with an unknown dependency are refused');
select is(tests.state(tests.get('run'), 'assess'), 'running', 'the step keeps running after refused assessments');
select is((tests.request_of(tests.get('run'))).complexity_score, null, 'a refused assessment writes nothing to the request');

select * from finish();
rollback;

-- Models write assessments: each lack has a sentence, and nothing is written.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.ask());
select tests.start(tests.get('run'), 'assess');
select is(tests.message(tests.get('run'), 'assess', c.result), c.message, c.claim)
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
select matches(tests.message(tests.get('run'), 'assess', '{"decision": "steps"}'), 'empty_plan', 'no steps');
select matches(tests.message(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('a:b'))), 'unknown_dependency', 'steps that do not hold');
select is(tests.state(tests.get('run'), 'assess'), 'running', 'it is running all the while');
select is((tests.request_of(tests.get('run'))).complexity_score, null, 'and nothing was written');

select * from finish();
rollback;

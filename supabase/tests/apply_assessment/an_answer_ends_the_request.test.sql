-- A simple request has one assessment, no plan and no goal.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "fine", "score": 0.1, "reasons": ["short"]}');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'the request is answered by its assessment');
select is((tests.request_of(tests.get('run'))).answer_text, 'fine', 'the request has the answer''s text');
select is((tests.request_of(tests.get('run'))).complexity_score, 0.1, 'the complexity score of the assessment is kept');
select is((tests.request_of(tests.get('run'))).complexity_reasons, '["short"]', 'the complexity reasons of the assessment are kept');
select is(tests.run_state(tests.get('run')), 'completed', 'the run of an answered request is completed');

select * from finish();
rollback;

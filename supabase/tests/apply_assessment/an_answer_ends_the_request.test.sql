-- Simple: one assessment, no plan, no goal.
begin;
select plan(5);
select tests.world();

select tests.keep('run', tests.ask());
select tests.do_complete(tests.the('run'), 'assess', '{"decision": "answer", "text": "fine", "score": 0.1, "reasons": ["short"]}');
select is((tests.request_of(tests.the('run'))).state, 'answered', 'answered');
select is((tests.request_of(tests.the('run'))).answer_text, 'fine', 'with the text');
select is((tests.request_of(tests.the('run'))).complexity_score, 0.1, 'the score is kept');
select is((tests.request_of(tests.the('run'))).complexity_reasons, '["short"]', 'and its reasons');
select is(tests.run_state(tests.the('run')), 'completed', 'the run is over');

select * from finish();
rollback;

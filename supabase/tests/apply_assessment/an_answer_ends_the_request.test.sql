-- Simple: one assessment, no plan, no goal.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.ask());
select tests.do_complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "fine", "score": 0.1, "reasons": ["short"]}');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'answered');
select is((tests.request_of(tests.get('run'))).answer_text, 'fine', 'with the text');
select is((tests.request_of(tests.get('run'))).complexity_score, 0.1, 'the score is kept');
select is((tests.request_of(tests.get('run'))).complexity_reasons, '["short"]', 'and its reasons');
select is(tests.run_state(tests.get('run')), 'completed', 'the run is over');

select * from finish();
rollback;

-- The decision counts; an odd score stops nothing.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.ask());
select is(tests.complete(tests.the('run'), 'assess', '{"decision": "answer", "text": "fine", "score": "high"}'), 'accepted', 'accepted');
select is((tests.request_of(tests.the('run'))).complexity_score, null, 'without a score');

select * from finish();
rollback;

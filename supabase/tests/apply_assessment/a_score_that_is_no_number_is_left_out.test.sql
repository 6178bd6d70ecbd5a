-- The decision counts; an odd score stops nothing.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.ask());
select is(tests.complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "fine", "score": "high"}'), 'accepted', 'accepted');
select is((tests.request_of(tests.get('run'))).complexity_score, null, 'without a score');

select * from finish();
rollback;

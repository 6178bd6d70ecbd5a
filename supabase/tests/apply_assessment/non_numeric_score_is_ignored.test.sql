-- The decision counts; an invalid score is ignored.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.ask());
select is(tests.complete(tests.get('run'), 'assess', '{"decision": "answer", "text": "fine", "score": "high"}'), 'accepted', 'an assessment with a text as score is accepted');
select is((tests.request_of(tests.get('run'))).complexity_score, null, 'a score that is no number is not stored');

select * from finish();
rollback;

-- Decision "fail": the goal ends at once, with the report so far.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["c"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "fail", "reason": "no such data", "report": "sorry", "verdicts": [{"number": 1, "verdict": "unmet"}]}');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request of a goal given up has failed');
select is((tests.request_of(tests.get('run'))).reason, 'no such data', 'the request has the judge''s reason');
select is((tests.goal_of(tests.get('run'))).report, 'sorry', 'the goal given up keeps its report');

select * from finish();
rollback;

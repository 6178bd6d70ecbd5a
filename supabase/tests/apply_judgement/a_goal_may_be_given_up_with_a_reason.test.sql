-- decision "fail": at once, with the report so far.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["c"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "fail", "reason": "no such data", "report": "sorry", "verdicts": [{"number": 1, "verdict": "unmet"}]}');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request');
select is((tests.request_of(tests.get('run'))).reason, 'no such data', 'and why');
select is((tests.goal_of(tests.get('run'))).report, 'sorry', 'with the report');

select * from finish();
rollback;

-- This saves one database call per turn.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', n) from generate_series(1, 3) n;
select tests.asks_model(tests.get('run'), 'q', '[{"number": 1, "result": {"n": 1}}, {"number": 2, "error": {"code": "gone", "message": "not there"}}]');
select is(tests.calls(tests.get('run')), 'done failed intended', 'begin_turn records the calls that ended');
select is((tests.call_of(tests.get('run'), 1)).result, '{"n": 1}', 'a recorded call has its result');
select is((tests.call_of(tests.get('run'), 2)).error, '{"code": "gone", "message": "not there", "retryable": false}', 'a recorded call has its error');
select tests.asks_model(tests.get('run'), 'q', '[{"number": 1, "result": {"n": 2}}]');
select is((tests.call_of(tests.get('run'), 1)).result, '{"n": 1}', 'a call that has ended keeps its first result');

select * from finish();
rollback;

-- One call of the database less for each turn.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', n) from generate_series(1, 3) n;
select tests.asks_model(tests.get('run'), 'q', '[{"number": 1, "result": {"n": 1}}, {"number": 2, "error": {"code": "gone", "message": "not there"}}]');
select is(tests.calls(tests.get('run')), 'done failed intended', 'those that ended are recorded');
select is((tests.call_of(tests.get('run'), 1)).result, '{"n": 1}', 'with their result');
select is((tests.call_of(tests.get('run'), 2)).error, '{"code": "gone", "message": "not there", "retryable": false}', 'or error');
select tests.asks_model(tests.get('run'), 'q', '[{"number": 1, "result": {"n": 2}}]');
select is((tests.call_of(tests.get('run'), 1)).result, '{"n": 1}', 'what has ended stays as it ended');

select * from finish();
rollback;

-- The same worker has begun another model call since.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select tests.asks_model(tests.get('run'), 'another');
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate"}]') #>> '{error,code}', 'unknown', 'an answer to a closed turn returns the error unknown');
select is(tests.turns(tests.get('run')), 'unknown asked', 'the closed turn stays unknown');
select is(tests.calls(tests.get('run')), null, 'calls of an answer to a closed turn are not created');

select * from finish();
rollback;

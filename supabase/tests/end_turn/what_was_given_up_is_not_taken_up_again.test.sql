-- By its own worker, that is: it has asked something else since.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select tests.asks_model(tests.get('run'), 'another');
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate"}]') #>> '{error,code}', 'unknown', 'it is told so');
select is(tests.turns(tests.get('run')), 'unknown asked', 'the turn stays given up');
select is(tests.calls(tests.get('run')), null, 'and nothing is called');

select * from finish();
rollback;

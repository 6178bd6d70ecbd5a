-- The same worker that notes the same question again, since the reply was lost, is told the same.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select is(tests.asks_model(tests.get('run')), '{"number": 1}', 'the same number');
select is(tests.turns(tests.get('run')), 'asked', 'and one row');
update goalpost.step_turns set reserved_microusd = 40 where run_id = tests.get('run') and step_key = 'a';
select is(tests.asks_model(tests.get('run'), 'another'), '{"number": 2}', 'another question is another turn');
select is(tests.turns(tests.get('run')), 'unknown asked', 'and the one without an end counts as spent');
select is((select cost_microusd from goalpost.usage_events where run_id = tests.get('run') and number = 1 and step_key = 'a'), 40::bigint, 'as dear as it may have been');
select goalpost_worker.begin_turn(tests.get('run'), 'a', 1, tests.ask_of('another', '{"model": "other"}'));
select is(tests.turns(tests.get('run')), 'unknown unknown asked', 'of another model it is another question');
select goalpost_worker.begin_turn(tests.get('run'), 'a', 1, tests.ask_of('another', '{"model": "other", "provider": "p"}'));
select is(tests.turns(tests.get('run')), 'unknown unknown unknown asked', 'and of another provider');
select tests.model_answers(tests.get('run'), 4, '[]', '{"error": {"code": "e", "message": "m"}}');
select is(goalpost_worker.begin_turn(tests.get('run'), 'a', 1, tests.ask_of('another', '{"model": "other", "provider": "p"}')), '{"number": 5}', 'one that ended is asked anew');

select * from finish();
rollback;

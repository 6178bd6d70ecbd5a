-- A worker that begins the same model call again, because the reply was lost, gets the same number.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select is(tests.asks_model(tests.get('run')), '{"number": 1}', 'the same model call begun again has the same number');
select is(tests.turns(tests.get('run')), 'asked', 'the same model call begun again leaves one row');
update goalpost.step_turns set reserved_microusd = 40 where run_id = tests.get('run') and step_key = 'a';
select is(tests.asks_model(tests.get('run'), 'another'), '{"number": 2}', 'a model call with another hash is another turn');
select is(tests.turns(tests.get('run')), 'unknown asked', 'the earlier turn without an end becomes unknown');
select is((select cost_microusd from goalpost.usage_events where run_id = tests.get('run') and number = 1 and step_key = 'a'), 40::bigint, 'an unknown turn costs what was reserved for it');
select goalpost_worker.begin_turn(tests.get('run'), 'a', 1, tests.ask_of('another', '{"model": "other"}'));
select is(tests.turns(tests.get('run')), 'unknown unknown asked', 'a call to another model is another turn');
select goalpost_worker.begin_turn(tests.get('run'), 'a', 1, tests.ask_of('another', '{"model": "other", "provider": "p"}'));
select is(tests.turns(tests.get('run')), 'unknown unknown unknown asked', 'a call to another provider is another turn');
select tests.model_answers(tests.get('run'), 4, '[]', '{"error": {"code": "e", "message": "m"}}');
select is(goalpost_worker.begin_turn(tests.get('run'), 'a', 1, tests.ask_of('another', '{"model": "other", "provider": "p"}')), '{"number": 5}', 'a model call that failed gets a new number');

select * from finish();
rollback;

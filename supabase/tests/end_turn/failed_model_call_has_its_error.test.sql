-- asked -> failed, or unknown where it may have been charged.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
update goalpost.step_turns set reserved_microusd = 40 where run_id = tests.get('run') and step_key = 'a';
select is(tests.model_answers(tests.get('run'), 1, '[]', '{"error": {"code": "model_overloaded", "message": "busy", "retryable": true}, "charged": "no"}'),
          '{"calls": [], "error": {"code": "model_overloaded", "message": "busy", "retryable": true}}', 'end_turn returns the error that the worker reported');
select is((select (t.state, t.cost_microusd, t.ended_at is null)::text from tests.turn_of(tests.get('run'), 1) t), '(failed,0,f)', 'a model call that was not charged fails and costs nothing');
select tests.asks_model(tests.get('run'));
update goalpost.step_turns set reserved_microusd = 40 where run_id = tests.get('run') and step_key = 'a' and number = 2;
select tests.model_answers(tests.get('run'), 2, '[]', jsonb_build_object('charged', 'unknown', 'error', jsonb_build_object('code', 'model_timeout', 'message', repeat('x', 5000))));
select is((select (t.state, t.cost_microusd, length(t.error ->> 'message'))::text from tests.turn_of(tests.get('run'), 2) t), '(unknown,40,4000)', 'a possibly charged call costs its reservation, with a bounded message');
select is(tests.refusal(format('select tests.model_answers(%s, 2, ''[]'', %L)', tests.get('run'), e)), 'ZG003', 'an end of a model call is refused: ' || e)
  from unnest(array['{}', '{"answer": 5}', '{"answer": {}, "error": {}}', '[]']) e;

select * from finish();
rollback;

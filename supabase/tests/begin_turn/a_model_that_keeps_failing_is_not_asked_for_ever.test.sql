-- Questions of one try that bring nothing, one after the other.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
update goalpost_private.limits set max_failed_turns = 3;
select tests.bare_turn(tests.get('run'), 'a', 1, 'failed');
select tests.bare_turn(tests.get('run'), 'a', 2, 'unknown');
select is(tests.asks_model(tests.get('run')), '{"number": 3}', 'two in a row are not many');
select tests.model_answers(tests.get('run'), 3, '[]', '{"error": {"code": "model_overloaded", "message": "too busy"}}');
select is(tests.asks_model(tests.get('run')) #>> '{refused,code}', 'model_keeps_failing', 'three are');
select alike(tests.asks_model(tests.get('run')) #>> '{refused,message}', '%too busy%', 'it says what happened the last time');
update goalpost_private.limits set max_failed_turns = 2;
update goalpost.step_turns set state = 'answered', answer = '{}' where run_id = tests.get('run') and step_key = 'a' and number = 2;
select is(tests.asks_model(tests.get('run')), '{"number": 4}', 'an answer begins the count anew');
update goalpost.step_turns set state = 'failed', answer = null, ended_at = now(), attempt = 0 where run_id = tests.get('run') and step_key = 'a' and number <> 4;
update goalpost.step_turns set state = 'failed', ended_at = now() where run_id = tests.get('run') and step_key = 'a' and number = 4;
select is(tests.asks_model(tests.get('run')), '{"number": 5}', 'those of earlier tries are not counted');

select * from finish();
rollback;

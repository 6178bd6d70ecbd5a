-- Failed model calls of one attempt count while they follow each other.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
update goalpost_private.limits set max_failed_turns = 3;
select tests.bare_turn(tests.get('run'), 'a', 1, 'failed');
select tests.bare_turn(tests.get('run'), 'a', 2, 'unknown');
select is(tests.asks_model(tests.get('run')), '{"number": 3}', 'two failed model calls in a row allow a third');
select tests.model_answers(tests.get('run'), 3, '[]', '{"error": {"code": "model_overloaded", "message": "too busy"}}');
select is(tests.asks_model(tests.get('run')) #>> '{refused,code}', 'model_keeps_failing', 'three failed model calls in a row refuse the next');
select alike(tests.asks_model(tests.get('run')) #>> '{refused,message}', '%too busy%', 'the refusal contains the message of the last failure');
update goalpost_private.limits set max_failed_turns = 2;
update goalpost.step_turns set state = 'answered', answer = '{}' where run_id = tests.get('run') and step_key = 'a' and number = 2;
select is(tests.asks_model(tests.get('run')), '{"number": 4}', 'an answered model call restarts the count');
update goalpost.step_turns set state = 'failed', answer = null, ended_at = now(), attempt = 0 where run_id = tests.get('run') and step_key = 'a' and number <> 4;
update goalpost.step_turns set state = 'failed', ended_at = now() where run_id = tests.get('run') and step_key = 'a' and number = 4;
select is(tests.asks_model(tests.get('run')), '{"number": 5}', 'failed model calls of earlier attempts are not counted');

select * from finish();
rollback;

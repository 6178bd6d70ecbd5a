-- Turns and calls are numbered within their step. Two other steps of the same run, one that sorts before it and one
-- behind, have turns and calls of the same numbers.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), '0', 'completed', 'agent');
select tests.bare_turn(tests.get('run'), '0', 1, 'answered', '{"lease_epoch": 9}');
select tests.bare_call(tests.get('run'), '0', 1, 'intended', '{"call_id": "of another", "turn_number": 1}');
select tests.bare_step(tests.get('run'), 'a', 'running', 'agent');
select tests.bare_step(tests.get('run'), 'b', 'running', 'agent');
select tests.bare_turn(tests.get('run'), 'b', 1, 'asked');
select tests.bare_call(tests.get('run'), 'b', 1, 'running');
create function pg_temp.others() returns text language sql as $$
  select (select string_agg(t.state, ' ' order by t.step_key) from goalpost.step_turns t where t.run_id = tests.get('run') and t.step_key <> 'a')
         || ' / ' || (select string_agg(c.state, ' ' order by c.step_key) from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key <> 'a') $$;

select is(tests.asks_model(tests.get('run')), '{"number": 1}', 'a step''s first turn has number 1 beside other steps'' turns');
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate", "arguments": {"expression": "1"}}]') -> 'calls' #>> '{0,call_id}', 'x',
          'the answer is kept and its calls are described');
select is((tests.turn_of(tests.get('run'), 1)).state, 'answered', 'the turn of the step is answered');
select is((tests.call_of(tests.get('run'), 1)).state, 'denied', 'the call of a step without an agent is denied');
select is(pg_temp.others(), 'answered asked / intended running', 'turns and calls of other steps are unchanged by the answer');
update goalpost.tool_calls set state = 'intended', ended_at = null, error = null where run_id = tests.get('run') and step_key = 'a';
select is(goalpost_worker.end_calls(tests.get('run'), 'a', 1, '[{"number": 1, "result": 6}]') -> 'calls' #>> '{0,result}', '6', 'end_calls describes the call of the named step');
select is(pg_temp.others(), 'answered asked / intended running', 'the end of a call does not change other steps'' calls');
update goalpost.steps set lease_epoch = 2 where run_id = tests.get('run') and key = 'a';
select is(jsonb_array_length(goalpost_worker.read_journal(tests.get('run'), 'a', 2) -> 'turns'), 1, 'a step reads its own journal');
select is(pg_temp.others(), 'answered asked / intended running', 'reading the journal closes open turns of its step alone');

select * from finish();
rollback;

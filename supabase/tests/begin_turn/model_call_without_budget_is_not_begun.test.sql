-- A model call that reserve_turn refuses is not begun, and its refusal is passed on.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a');
create or replace function goalpost_private.reserve_turn(
  p_step goalpost.steps, p_ask jsonb, p_now timestamptz, out refusal jsonb, out reserved_microusd bigint,
  out max_input_tokens bigint, out max_output_tokens bigint)
language sql as $$ select '{"wait": {"seconds": 7, "reason": "busy"}}'::jsonb, 9::bigint, 1::bigint, 1::bigint $$;
select is(tests.asks_model(tests.get('run'), 'q', '[{"number": 1, "result": 5}]'), '{"wait": {"seconds": 7, "reason": "busy"}}', 'begin_turn returns the refusal of reserve_turn');
select is(tests.turns(tests.get('run')), null, 'a refused reservation begins no turn');
select is((tests.call_of(tests.get('run'), 1)).result, '5', 'results reported with a refused model call are kept');
create or replace function goalpost_private.reserve_turn(
  p_step goalpost.steps, p_ask jsonb, p_now timestamptz, out refusal jsonb, out reserved_microusd bigint,
  out max_input_tokens bigint, out max_output_tokens bigint)
language sql as $$ select null::jsonb, 9::bigint, 1::bigint, 1::bigint $$;
select tests.asks_model(tests.get('run'));
select is((tests.turn_of(tests.get('run'), 1)).reserved_microusd, 9::bigint, 'the turn has the reserved amount in its row');

select * from finish();
rollback;

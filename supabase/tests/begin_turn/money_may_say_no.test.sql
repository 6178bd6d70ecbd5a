-- What reserve_turn refuses is not asked, in its own words.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a');
create or replace function goalpost_private.reserve_turn(
  p_step goalpost.steps, p_ask jsonb, p_now timestamptz, out refusal jsonb, out reserved_microusd bigint,
  out max_input_tokens bigint, out max_output_tokens bigint)
language sql as $$ select '{"wait": {"seconds": 7, "reason": "busy"}}'::jsonb, 9::bigint, 1::bigint, 1::bigint $$;
select is(tests.asks_model(tests.get('run'), 'q', '[{"number": 1, "result": 5}]'), '{"wait": {"seconds": 7, "reason": "busy"}}', 'in its own words');
select is(tests.turns(tests.get('run')), null, 'no turn is begun');
select is((tests.call_of(tests.get('run'), 1)).result, '5', 'what ended before is kept all the same');
create or replace function goalpost_private.reserve_turn(
  p_step goalpost.steps, p_ask jsonb, p_now timestamptz, out refusal jsonb, out reserved_microusd bigint,
  out max_input_tokens bigint, out max_output_tokens bigint)
language sql as $$ select null::jsonb, 9::bigint, 1::bigint, 1::bigint $$;
select tests.asks_model(tests.get('run'));
select is((tests.turn_of(tests.get('run'), 1)).reserved_microusd, 9::bigint, 'what is set aside stands in the row');

select * from finish();
rollback;

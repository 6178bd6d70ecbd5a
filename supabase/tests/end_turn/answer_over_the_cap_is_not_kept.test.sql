-- The cost of the answer is booked all the same.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
update goalpost_private.limits set max_result_bytes = 100;
select tests.asks_model(tests.get('run'));
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "sql"}]', jsonb_build_object('answer', jsonb_build_object('text', repeat('x', 100)), 'usage', '{"input_tokens": 4}'::jsonb)) #>> '{error,code}',
          'answer_too_large', 'an answer over the cap returns answer_too_large');
select is((select (t.state, t.answer is null, t.input_tokens)::text from tests.turn_of(tests.get('run'), 1) t), '(failed,t,4)', 'an answer over the cap is dropped, and its tokens are recorded');
select is(tests.calls(tests.get('run')), null, 'calls of an answer over the cap are not created');
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 2, '[]', jsonb_build_object('answer', jsonb_build_object('text', repeat('x', 85)), 'usage', '{"input_tokens": -4, "output_tokens": 1e300}'::jsonb));
select is((select (t.state, t.input_tokens, t.output_tokens)::text from tests.turn_of(tests.get('run'), 2) t), '(answered,0,50)', 'an answer below the cap is kept with bounded token counts');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;

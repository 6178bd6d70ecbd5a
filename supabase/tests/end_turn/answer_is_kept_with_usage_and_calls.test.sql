-- asked -> answered, with a frozen call for each call that the answer requests.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select tests.set('reply', tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate", "arguments": {"expression": "1"}}, {"call_id": "y", "tool": "sql", "arguments": {}}]')::text);
select is((select (t.state, t.answer, t.input_tokens, t.output_tokens, t.cached_tokens, t.reasoning_tokens, t.ended_at is null)::text from tests.turn_of(tests.get('run'), 1) t),
          '(answered,"{""text"": ""reply""}",10,5,3,2,f)', 'the turn has the answer and its token counts');
select is((select (u.input_tokens, u.output_tokens, u.counted)::text from goalpost.usage_events u where u.run_id = tests.get('run') and u.step_key = 'a' and u.number = 1), '(10,5,t)', 'the usage of the answer is booked');
select is((select (c.turn_number, c.call_id, c.tool, c.tool_version, c.idempotent, c.writes, c.arguments, c.arguments_hash = tests.hash(c.arguments::text), c.rule, c.state)::text
             from tests.call_of(tests.get('run'), 1) c), '(1,x,calculate,1,t,f,"{""expression"": ""1""}",t,default,intended)', 'the requested call is frozen with its tool and arguments');
select is((tests.call_of(tests.get('run'), 2)).idempotency_key, format('%s/%s/a/2', tests.id_of('acme'), tests.get('run')), 'the idempotency key names workspace, run, step and number');
select is(tests.kept('reply')::jsonb -> 'calls', jsonb_build_array(goalpost_private.describe_call(tests.call_of(tests.get('run'), 1)), goalpost_private.describe_call(tests.call_of(tests.get('run'), 2))), 'end_turn returns a description of each call');
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "z", "tool": "sql"}]', '{"error": {}}'), tests.kept('reply')::jsonb, 'a repeated end returns the same reply');
select is((select count(*) from goalpost.usage_events where run_id = tests.get('run') and step_key = 'a'), 1::bigint, 'a repeated end books no second usage');
select is((select count(*) from goalpost.tool_calls where run_id = tests.get('run') and step_key = 'a'), 2::bigint, 'a repeated end creates no second call');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;

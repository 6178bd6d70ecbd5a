-- Number, bounds and the reserved money are stored before a model is called.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select is(tests.asks_model(tests.get('run')), '{"number": 1}', 'the first model call has number 1');
select is((select (t.state, t.attempt, t.lease_epoch, t.purpose, t.provider, t.model, t.max_input_tokens, t.max_output_tokens)::text
             from tests.turn_of(tests.get('run'), 1) t), '(asked,1,1,work,openai,m,1100,50)', 'the row has attempt, epoch, purpose, model and bounds');
select tests.model_answers(tests.get('run'), 1);
select is(tests.asks_model(tests.get('run'), 'next'), '{"number": 2}', 'the second model call has number 2');
select is((tests.turn_of(tests.get('run'), 2)).request_hash, tests.hash('next'), 'the second model call has its own request hash');

select * from finish();
rollback;

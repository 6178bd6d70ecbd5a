-- The lease was lost while the model was asked: spent is spent.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select tests.advance_clock('1 minute');
select goalpost_private.sweep();
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "sql"}]', null, 1), '{"lease_lost": true}', 'it is told so');
select is((select (t.state, t.answer, t.error ->> 'code', t.input_tokens)::text from tests.turn_of(tests.get('run'), 1) t), '(failed,,lease_lost,10)', 'the answer is none');
select is((select (u.input_tokens, u.counted)::text from goalpost.usage_events u where u.run_id = tests.get('run') and u.step_key = 'a'), '(10,f)', 'its cost is booked, and not counted');
select is(tests.calls(tests.get('run')), null, 'nothing that it asks for is called');
select is(tests.model_answers(tests.get('run'), 1, '[]', null, 1), '{"lease_lost": true}', 'told twice, the same');
select is((select count(*) from goalpost.usage_events where run_id = tests.get('run') and step_key = 'a'), 1::bigint, 'and booked once');

select tests.start(tests.get('run'), 'a');
select tests.asks_model(tests.get('run'));
select is(tests.refusal(format('select tests.model_answers(%s, 2, ''[]'', null, 1)', tests.get('run'))), 'ZG009', 'another worker''s turn is not ended');
select is(tests.refusal(format('select tests.model_answers(%s, 9)', tests.get('run'))), 'ZG009', 'nor one that is not there');
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is(tests.model_answers(tests.get('run'), 2, '[]', null, (tests.turn_of(tests.get('run'), 2)).lease_epoch), '{"lease_lost": true}', 'once a successor has given it up');
select is((select (t.state, t.answer, t.input_tokens)::text from tests.turn_of(tests.get('run'), 2) t), '(failed,,10)', 'its answer is none, and what it used is known');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;

-- The lease was lost during the model call: its cost is booked all the same.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
select tests.advance_clock('1 minute');
select goalpost_private.sweep();
select is(tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "sql"}]', null, 1), '{"lease_lost": true}', 'an answer under a lost lease returns lease_lost');
select is((select (t.state, t.answer, t.error ->> 'code', t.input_tokens)::text from tests.turn_of(tests.get('run'), 1) t), '(failed,,lease_lost,10)', 'the turn fails with lease_lost and keeps no answer');
select is((select (u.input_tokens, u.counted)::text from goalpost.usage_events u where u.run_id = tests.get('run') and u.step_key = 'a'), '(10,f)', 'the cost of a late answer is booked but not counted');
select is(tests.calls(tests.get('run')), null, 'calls of a late answer are not created');
select is(tests.model_answers(tests.get('run'), 1, '[]', null, 1), '{"lease_lost": true}', 'a repeated late answer returns lease_lost again');
select is((select count(*) from goalpost.usage_events where run_id = tests.get('run') and step_key = 'a'), 1::bigint, 'a repeated late answer is booked once');

select tests.start(tests.get('run'), 'a');
select tests.asks_model(tests.get('run'));
select is(tests.refusal(format('select tests.model_answers(%s, 2, ''[]'', null, 1)', tests.get('run'))), 'ZG009', 'the turn of another worker cannot be ended');
select is(tests.refusal(format('select tests.model_answers(%s, 9)', tests.get('run'))), 'ZG009', 'a turn that does not exist cannot be ended');
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is(tests.model_answers(tests.get('run'), 2, '[]', null, (tests.turn_of(tests.get('run'), 2)).lease_epoch), '{"lease_lost": true}', 'an answer after the successor''s read returns lease_lost');
select is((select (t.state, t.answer, t.input_tokens)::text from tests.turn_of(tests.get('run'), 2) t), '(failed,,10)', 'the turn of that answer fails, and its usage is recorded');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;

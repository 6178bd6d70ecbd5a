-- A turn that a successor closed counts as all that was reserved; the late answer's cost replaces it on every cap.
begin;
select plan(6);
select tests.world();

select tests.price();
select tests.set('run', tests.agent_at_work());
select goalpost_worker.begin_turn(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch,
  tests.ask_of('q', '{"provider": "p", "max_input_tokens": 1000, "max_output_tokens": 100}'));
select tests.set('epoch', (tests.step(tests.get('run'), 'a')).lease_epoch);
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select matches(tests.caps(tests.get('run')), 'run 2700\+0/', 'a turn whose worker was lost counts as fully spent');
select tests.model_answers(tests.get('run'), 1, '[]', '{"answer": {"text": "late"}, "usage": {"input_tokens": 400, "output_tokens": 50}}', tests.get('epoch'));
select matches(tests.caps(tests.get('run')), 'run 500\+0/', 'the late answer replaces the estimate by its cost');
select is((select sum(cost_microusd) from goalpost.usage_events where run_id = tests.get('run')), 500::numeric, 'the usage row has the same cost');
select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

-- Near a cap, where the estimate fills it.
update goalpost.budgets set cap_microusd = spent_microusd + 2700 where workspace_id = tests.id_of('acme') and scope = 'run';
select goalpost_worker.begin_turn(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch,
  tests.ask_of('r', '{"provider": "p", "max_input_tokens": 1000, "max_output_tokens": 100}'));
select tests.set('epoch', (tests.step(tests.get('run'), 'a')).lease_epoch);
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is(tests.model_answers(tests.get('run'), 2, '[]', '{"answer": {"text": "late"}, "usage": {"input_tokens": 400, "output_tokens": 50}}', tests.get('epoch')),
  '{"lease_lost": true}', 'at a full cap the late answer is booked without an error');
select is(tests.unbalanced(), '{}', 'spent is the sum of usage after a late answer at a full cap');

select * from finish();
rollback;

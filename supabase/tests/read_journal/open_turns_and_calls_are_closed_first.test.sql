-- An open model call counts as spent; a person decides about a call that may not be repeated.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.policy_decides('allow');
select tests.asks_model(tests.get('run'));
update goalpost.step_turns set reserved_microusd = 40 where run_id = tests.get('run') and step_key = 'a';
select tests.bare_call(tests.get('run'), 'a', 1, 'running', '{"idempotent": false, "tool": "once"}');
select tests.bare_call(tests.get('run'), 'a', 2, 'intended');
select goalpost_worker.read_journal(tests.get('run'), 'a', 1);
select is(tests.turns(tests.get('run')) || ' ' || tests.calls(tests.get('run')), 'asked running intended', 'the same worker''s turns and calls stay open');
select tests.lose(tests.get('run'));
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is((select (t.state, t.cost_microusd, t.ended_at is null)::text from tests.turn_of(tests.get('run'), 1) t), '(unknown,40,f)', 'the lost worker''s turn is unknown and costs its reservation');
select is((select (u.cost_microusd, u.counted)::text from goalpost.usage_events u where u.run_id = tests.get('run') and u.step_key = 'a'), '(40,f)', 'the cost of the unknown turn is booked');
select is(tests.calls(tests.get('run')), 'unknown intended', 'a running call is unknown, and an intended one is unchanged');
select is((select (a.kind, a.call_number, a.shown ->> 'tool')::text from tests.asked a), '(outcome_unknown,1,once)', 'a person is asked for the outcome of the unknown call');
select goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch);
select is((select count(*) from tests.asked), 1::bigint, 'the outcome is asked for once');
select is((select count(*) from goalpost.usage_events u where u.run_id = tests.get('run') and u.step_key = 'a'), 1::bigint, 'a second read books no second usage');

select * from finish();
rollback;

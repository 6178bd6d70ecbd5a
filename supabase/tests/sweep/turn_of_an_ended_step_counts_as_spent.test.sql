-- A turn of a step that ended without it is settled; one of a running step is not.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.asks_model(tests.get('run'));
update goalpost.step_turns set reserved_microusd = 40 where run_id = tests.get('run') and step_key = 'a';
select tests.advance_clock('21 minutes');
update goalpost.steps set lease_expires_at = goalpost_private.clock() + interval '1 minute', started_at = goalpost_private.clock() where run_id = tests.get('run') and key = 'a';
select is(goalpost_worker.sweep() -> 'turns_settled', '0', 'a turn of a running step is not settled');
select tests.do_fail(tests.get('run'), 'a');
select is(goalpost_worker.sweep() -> 'turns_settled', '1', 'a turn of an ended step is settled');
select is((select (t.state, t.cost_microusd)::text from tests.turn_of(tests.get('run'), 1) t), '(unknown,40)', 'a settled turn is unknown and costs its reservation');
select is((select (u.cost_microusd, u.counted)::text from goalpost.usage_events u where u.run_id = tests.get('run') and u.step_key = 'a'), '(40,f)', 'the cost of a settled turn is booked');
select is(goalpost_worker.sweep() -> 'turns_settled', '0', 'a turn is settled only once');

select * from finish();
rollback;

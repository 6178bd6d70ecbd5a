-- asked -> unknown when the step has ended; while another attempt may follow, the amount stays reserved.
begin;
select plan(9);
select tests.world(p_bystanders => false);

select tests.price();
select tests.set('run', tests.working());
select tests.bare_step(tests.get('run'), 'b', 'running', 'agent');
select tests.reserve(tests.get('run'), 'a');
select tests.reserve(tests.get('run'), 'b');
update goalpost.steps set lease_expires_at = goalpost_private.clock() - interval '1 second' where run_id = tests.get('run') and key = 'a';
select goalpost_worker.sweep();
select is(tests.state(tests.get('run'), 'a'), 'ready', 'a step whose lease expired is ready again');
select matches(tests.caps(tests.get('run')), 'run 0\+5400/', 'the turn of that step stays reserved for the next attempt');
update goalpost.steps set state = 'failed', ended_at = goalpost_private.clock(), lease_expires_at = null, run_after = null where run_id = tests.get('run') and key = 'b';
select is((goalpost_worker.sweep()) ->> 'turns_settled', '1', 'the turn of an ended step is settled');
select matches(tests.caps(tests.get('run')), 'run 2700\+2700/', 'the settled turn counts as spent');
select tests.value_for('mia', format('select goalpost.cancel_request(%s)', (tests.request_of(tests.get('run'))).id));
select is((goalpost_worker.sweep()) ->> 'turns_settled', '1', 'the turn of a cancelled run is settled');
select matches(tests.caps(tests.get('run')), 'run 5400\+0/', 'no amount is left reserved');
select is((select string_agg(state || ' ' || cost_microusd, ', ') from goalpost.step_turns), 'unknown 2700, unknown 2700', 'the settled turns are unknown and cost their reservation');
select is((select bool_or(counted) from goalpost.usage_events), false, 'settled turns are not counted as successful');

select is(tests.unbalanced(), '{}', 'spent is the sum of usage on every cap');

select * from finish();
rollback;

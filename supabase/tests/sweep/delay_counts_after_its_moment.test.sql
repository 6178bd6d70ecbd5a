-- At the exact moment that a lease or a time-out ends, the worker still holds the step. A timer, an approval and a
-- deadline are due at their moment.
begin;
select plan(12);
select tests.world();

create function pg_temp.step(p_state text, p_more jsonb) returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
begin
  perform tests.bare_step(v_run_id, 's', p_state, p_more => p_more);
  return v_run_id;
end
$$;
select tests.set('lease', pg_temp.step('running', '{"lease_expires_at": "2030-01-01 12:00:00+00"}'));
select tests.set('long', pg_temp.step('running', '{"timeout_seconds": 60, "started_at": "2030-01-01 11:59:00+00", "lease_expires_at": "2030-01-01 13:00:00+00"}'));
select tests.set('timer', pg_temp.step('waiting', '{"run_after": "2030-01-01 12:00:00+00"}'));
select tests.set('late', pg_temp.step('ready', '{"run_after": "2040-01-01"}'));
update goalpost.workflow_runs set deadline_at = '2030-01-01 12:00:00+00' where id = tests.get('late');
select goalpost_private.sweep();
select is(tests.state(tests.get('lease'), 's'), 'running', 'a lease that ends now is still valid');
select is(tests.state(tests.get('long'), 's'), 'running', 'a step that has taken exactly its time-out goes on');
select is(tests.state(tests.get('timer'), 's'), 'ready', 'a timer that is due now has fired');
select is(tests.run_state(tests.get('late')), 'failed', 'a run whose deadline is now has failed');

select tests.advance_clock('1 second');
select goalpost_private.sweep();
select is(tests.state(tests.get('lease'), 's'), 'ready', 'a lease that ended a second ago is expired');
select is((tests.step(tests.get('lease'), 's')).error ->> 'code', 'lease_expired', 'the error code of the lost step is lease_expired');
select is((tests.step(tests.get('lease'), 's')).error ->> 'message', 'its worker was not heard of any more', 'the message states that the worker was not heard of');
select is((tests.step(tests.get('long'), 's')).error ->> 'code', 'step_timed_out', 'a step that takes a second longer has timed out');
select is((tests.step(tests.get('long'), 's')).error ->> 'message', 'took longer than 60 seconds', 'the message states the time-out of the step');
select is((select outcome from goalpost.step_attempts where run_id = tests.get('lease')), 'lost', 'the attempt without a heartbeat is lost');
select is((select outcome from goalpost.step_attempts where run_id = tests.get('long')), 'timed_out', 'the attempt that took too long has timed out');

-- Both at once: the time-out is the reported error, and the expired lease does not hide it.
select tests.set('both', pg_temp.step('running', '{"timeout_seconds": 60, "started_at": "2030-01-01 11:59:01+00", "lease_expires_at": "2030-01-01 12:00:00+00"}'));
select goalpost_private.sweep();
select is((tests.step(tests.get('both'), 's')).error ->> 'code', 'lease_expired', 'a lost step at exactly its time-out is lost, not timed out');

select * from finish();
rollback;

-- The time-out ends the work, not only the worker: heartbeats do not extend it.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a', '{"a": {"timeout_seconds": 100}}'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('100 seconds');
select goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.get('run'), 'a', '-')), 3600);
select is((goalpost_worker.sweep()) ->> 'steps_timed_out', '0', 'a step at exactly its time-out goes on');
select tests.advance_clock('1 second');
select is((goalpost_worker.sweep()) ->> 'steps_timed_out', '1', 'a step a second past its time-out times out');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'a timed-out step is ready again');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'step_timed_out', 'the error code of a timed-out step is step_timed_out');
select is((tests.step(tests.get('run'), 'a')).error -> 'keeps_answers', 'true', 'a timed-out step keeps its earlier answers');
select ok((tests.step(tests.get('run'), 'a')).run_after > goalpost_private.clock(), 'a timed-out step is ready after a wait');
select is((select outcome from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'a'), 'timed_out', 'the attempt of the step timed out');
select is(goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.get('run'), 'a', '-', '{"lease_epoch": 1}')), 60) #> '{0,held}', 'false', 'a heartbeat of the timed-out step is not held');
select tests.advance_clock('2 seconds');
select tests.start(tests.get('run'), 'a');
select is((tests.step(tests.get('run'), 'a')).started_at, goalpost_private.clock(), 'the next attempt has its full time-out');

select * from finish();
rollback;

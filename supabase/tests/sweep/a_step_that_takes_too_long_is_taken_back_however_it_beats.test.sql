-- The time-out ends the work, not only the worker: heartbeats do not prolong it.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a', '{"a": {"timeout_seconds": 100}}'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('100 seconds');
select goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.get('run'), 'a', '-')), 3600);
select is((goalpost_worker.sweep()) ->> 'steps_timed_out', '0', 'it has its hundred seconds');
select tests.advance_clock('1 second');
select is((goalpost_worker.sweep()) ->> 'steps_timed_out', '1', 'and no more');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'it is tried again');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'step_timed_out', 'and says why');
select is((tests.step(tests.get('run'), 'a')).error -> 'keeps_answers', 'true', 'a step that timed out keeps the answers that it had');
select ok((tests.step(tests.get('run'), 'a')).run_after > goalpost_private.clock(), 'after a wait');
select is((select outcome from goalpost.step_attempts where run_id = tests.get('run') and step_key = 'a'), 'timed_out', 'the attempt timed out');
select is(goalpost_worker.heartbeat_steps(jsonb_build_array(tests.outcome(tests.get('run'), 'a', '-', '{"lease_epoch": 1}')), 60) #> '{0,held}', 'false', 'its worker hears it');
select tests.advance_clock('2 seconds');
select tests.start(tests.get('run'), 'a');
select is((tests.step(tests.get('run'), 'a')).started_at, goalpost_private.clock(), 'the next attempt has a hundred seconds of its own');

select * from finish();
rollback;

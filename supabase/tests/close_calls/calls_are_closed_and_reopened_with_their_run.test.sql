-- A call in any state ends when its run ends, and a retried run reopens it under the same key.
begin;
select plan(17);
select tests.world();
select tests.tools();

-- Cancelled by a person, with the run.
create function pg_temp.busy() returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.planned('a, b', jsonb_build_object('a', tests.agent('hand')));
begin
  perform tests.start(v_run_id, 'a');
  perform tests.call(v_run_id, 'a', 'intended', 'look');
  perform goalpost_private.ask_person(tests.step(v_run_id, 'a'), 'tool_call', tests.call(v_run_id, 'a', 'waiting', 'mail'), 'May it?', '{}', goalpost_private.clock());
  perform tests.call(v_run_id, 'a', 'running', 'send');
  perform tests.call(v_run_id, 'a', 'unknown', 'send', '{"n": 2}');
  perform tests.call(v_run_id, 'a', 'done', 'look', '{"n": 3}');
  return v_run_id;
end
$$;
create function pg_temp.now_are(p_run_id bigint) returns text language sql as $$
  select string_agg(c.state || coalesce('(' || (c.error ->> 'code') || ')', ''), ' ' order by c.number) from goalpost.tool_calls c where c.run_id = p_run_id $$;
select tests.set('run', pg_temp.busy());
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.get('run'))).id));
select is(pg_temp.now_are(tests.get('run')), 'failed(step_ended) denied(step_ended) failed(outcome_unknown) failed(outcome_unknown) done', 'a cancelled run closes its calls, each with a reason');
select is_empty($$ select from goalpost.tool_calls where run_id = tests.get('run') and state not in ('done', 'failed', 'denied') $$, 'no call is open in a run that ended');

-- Failed by another step, and retried.
select tests.set('run', pg_temp.busy());
select tests.set('keys', (select string_agg(c.idempotency_key, ' ' order by c.number) from goalpost.tool_calls c where c.run_id = tests.get('run')));
select tests.do_fail(tests.get('run'), 'b');
select is(pg_temp.now_are(tests.get('run')), 'failed(step_ended) denied(step_ended) failed(outcome_unknown) failed(outcome_unknown) done', 'a failed run closes its calls, each with a reason');
select tests.report_failure(tests.get('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'b')));
select is(pg_temp.now_are(tests.get('run')), 'intended waiting unknown unknown done', 'a retried run restores the state of its calls');
select is((select string_agg(c.idempotency_key, ' ' order by c.number) from goalpost.tool_calls c where c.run_id = tests.get('run')), tests.kept('keys'), 'a retried run''s calls have the keys that they had');
select is((select string_agg(a.kind || ' ' || a.call_number, ', ' order by a.call_number) from goalpost.approvals a where a.run_id = tests.get('run') and a.state = 'pending'),
          'tool_call 2, outcome_unknown 3, outcome_unknown 4', 'the open questions of a retried run are asked again');
select is(tests.states(tests.get('run')), 'a=ready b=ready judge=pending', 'the steps of a retried run are ready');
select ok(goalpost_private.waits_for_others(tests.get('run'), 'a'), 'the retried step waits for its open questions');

-- A step that failed while its run went on.
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('hand') || '{"on_failure": "continue"}')));
select tests.start(tests.get('run'), 'a');
select tests.call(tests.get('run'), 'a', 'intended', 'look');
select tests.call(tests.get('run'), 'a', 'running', 'send');
select tests.do_fail(tests.get('run'), 'a');
select is(pg_temp.now_are(tests.get('run')), 'failed(step_ended) failed(outcome_unknown)', 'a failed step closes its calls although the run goes on');
select is(tests.run_state(tests.get('run')), 'running', 'the run goes on after a tolerated step failure');

-- A delegating call that another step works for.
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('hand'))));
select tests.start(tests.get('run'), 'a');
select tests.wish(tests.get('run'), 'a', 1, 'delegate', '{"title": "Deeper", "instructions": "Go deeper", "as": "step"}');
select goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 1);
select tests.leave_waiting(tests.get('run'), 'a');
select tests.do_fail(tests.get('run'), 'b');
select is(pg_temp.now_are(tests.get('run')), 'failed(step_ended)', 'a delegating call ends with the run');
select tests.report_failure(tests.get('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'b')));
select is(pg_temp.now_are(tests.get('run')) || ' ' || tests.state(tests.get('run'), 'a_call_1'), 'waiting ready', 'a retried delegating call waits for its step, which is ready');
select tests.do_complete(tests.get('run'), 'a_call_1', '{"text": "deep"}');
select is(pg_temp.now_are(tests.get('run')), 'done', 'the result of the delegated step is the call''s result');

-- A question to a person.
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('hand'))));
select tests.start(tests.get('run'), 'a');
select tests.wish(tests.get('run'), 'a', 1, 'ask_human', '{"question": "Which colour?"}');
select goalpost_worker.carry_out_call(tests.get('run'), 'a', 1, 1);
select tests.do_fail(tests.get('run'), 'b');
select is(pg_temp.now_are(tests.get('run')), 'denied(step_ended)', 'a question to a person ends with the run');
select tests.report_failure(tests.get('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'b')));
select is(pg_temp.now_are(tests.get('run')), 'intended', 'a question of a retried run is intended again');
select tests.start(tests.get('run'), 'a');
select is(goalpost_worker.carry_out_call(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, 1) ->> 'state', 'waiting', 'a question of a retried run is asked again');
select is((select count(*) from goalpost.approvals a where a.run_id = tests.get('run') and a.state = 'pending'), 1::bigint, 'one approval is pending for the repeated question');

select * from finish();
rollback;

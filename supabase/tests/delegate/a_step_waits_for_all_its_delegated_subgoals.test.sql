-- The first of two ends does not wake it, the second does; neither wakes a step that waits for a time.
begin;
select plan(5);
select tests.world(p_bystanders => false);
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');
create function pg_temp.delegate(p_key text, p_number integer) returns void language sql as $$
  select tests.wish(tests.get('run'), p_key, p_number, 'delegate', '{"title": "t", "instructions": "i"}');
  select goalpost_private.carry_out_delegate(tests.step(tests.get('run'), p_key),
    (select c from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = p_key and c.number = p_number), goalpost_private.clock()) $$;

select pg_temp.delegate('a', 1);
select pg_temp.delegate('a', 2);
update goalpost.steps set state = 'waiting', lease_expires_at = null, run_after = null where run_id = tests.get('run') and key = 'a';
select tests.do_complete(tests.get('run'), 'a_call_2', '{}');
select is(tests.state(tests.get('run'), 'a'), 'waiting', 'the step waits while one delegated step is running');
select tests.do_complete(tests.get('run'), 'a_call_1', '{}');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step is ready when both delegated steps have ended');

-- A late result does not reopen a call that a person denied.
select pg_temp.delegate('b', 7);
update goalpost.tool_calls set state = 'denied', ended_at = goalpost_private.clock() where step_key = 'b' and number = 7;
select tests.do_complete(tests.get('run'), 'b_call_7', '{}');
select is((select state from goalpost.tool_calls where step_key = 'b' and number = 7), 'denied', 'a denied call stays denied when its delegated step ends');

select pg_temp.delegate('b', 1);
update goalpost.steps set state = 'waiting', lease_expires_at = null, run_after = goalpost_private.clock() + interval '1 hour' where run_id = tests.get('run') and key = 'b';
select tests.do_complete(tests.get('run'), 'b_call_1', '{}');
select is(tests.state(tests.get('run'), 'b'), 'waiting', 'a step that waits for a time keeps waiting');
select is((select state from goalpost.tool_calls where step_key = 'b' and number = 1), 'done', 'the call of that step is done when the delegated step ends');

select * from finish();
rollback;

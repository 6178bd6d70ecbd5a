-- The call waits, its step waits without a lease, and goes on with the result when the delegated step has ended.
begin;
select plan(9);
select tests.world(p_bystanders => false);
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.wish(tests.get('run'), 'a', 1, 'delegate', '{"title": "Look it up", "instructions": "Look", "as": "step", "agent": "researcher"}');
create function pg_temp.carry_out(p_number integer) returns void language sql as $$
  select goalpost_private.carry_out_delegate(tests.step(tests.get('run'), 'a'),
    (select c from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.number = p_number), goalpost_private.clock()) $$;
select pg_temp.carry_out(1);
select is(tests.states(tests.get('run')), 'a=running a_call_1=ready b=running judge=pending', 'a delegating call opens a step that is ready');
select is((select state || ' ' || works_in_step from goalpost.tool_calls), 'waiting a_call_1', 'the call waits for the step it opened');
select ok(goalpost_private.waits_for_others(tests.get('run'), 'a'), 'the delegating step waits for the call');
update goalpost.steps set state = 'waiting', lease_expires_at = null, run_after = null where run_id = tests.get('run') and key = 'a';
select tests.do_complete(tests.get('run'), 'a_call_1', '{"text": "found"}');
select is((select state || ' ' || (result ->> 'text') from goalpost.tool_calls), 'done found', 'the result of the delegated step is the call''s result');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the delegating step is ready when the delegated one ends');

-- While the delegating step is still running.
select tests.start(tests.get('run'), 'a');
select tests.wish(tests.get('run'), 'a', 2, 'delegate', '{"title": "Again", "instructions": "Look again", "as": "step"}');
select pg_temp.carry_out(2);
select is((select a.name from goalpost.agents a where a.id = (tests.step(tests.get('run'), 'a_call_2')).agent_id), 'analyst', 'a delegated step has the same agent by default');
select tests.do_fail(tests.get('run'), 'a_call_2');
select is((select state || ' ' || (error ->> 'code') from goalpost.tool_calls where number = 2), 'failed broken', 'the failure of a delegated step fails the call');
select is(tests.state(tests.get('run'), 'a') || ' ' || tests.run_state(tests.get('run')), 'running running', 'the run goes on when a delegated step fails');

-- A sub-goal of the goal.
select tests.wish(tests.get('run'), 'a', 3, 'delegate', '{"title": "Whole", "instructions": "Do all of it", "as": "goal"}');
select pg_temp.carry_out(3);
select is((tests.goal_of(tests.run_below(tests.get('run'), 'a_call_3'))).description, 'Do all of it', 'a goal can be delegated in place of a step');

select * from finish();
rollback;

-- Delegations fail to an unknown agent, over the cap of steps, and as a goal at the greatest depth of goals.
begin;
select plan(6);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

create function pg_temp.delegate(p_number integer, p_arguments jsonb) returns text language plpgsql as $$
begin
  perform tests.wish(tests.get('run'), 'a', p_number, 'delegate', '{"title": "t", "instructions": "i"}'::jsonb || p_arguments);
  perform goalpost_private.carry_out_delegate(tests.step(tests.get('run'), 'a'),
    (select c from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.number = p_number), goalpost_private.clock());
  return (select c.state || ' ' || coalesce(c.error ->> 'code', '') from goalpost.tool_calls c where c.run_id = tests.get('run') and c.number = p_number);
end
$$;
select is(pg_temp.delegate(1, '{"as": "step", "agent": "absent"}'), 'failed unknown_agent', 'a delegation to an unknown agent fails its call');
update goalpost_private.limits set max_goal_depth = 0;
select is(pg_temp.delegate(2, '{"as": "goal"}'), 'failed too_many_goals', 'a delegated goal below the greatest depth fails its call');
select is(tests.run_state(tests.get('run')), 'running', 'the run goes on after a failed delegation');
update goalpost_private.limits set max_steps = 3;
select is(pg_temp.delegate(3, '{"as": "step"}'), 'failed too_many_steps', 'a delegation over the cap of steps fails its call');
select is(tests.state(tests.get('run'), 'a'), 'running', 'the delegating step keeps running after failed delegations');
select is((select count(*) from goalpost.steps where run_id = tests.get('run') and key like 'a_call_%'), 1::bigint, 'failed delegations leave only the step of the limit test');

select * from finish();
rollback;

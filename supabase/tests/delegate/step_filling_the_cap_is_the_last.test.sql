begin;
select plan(6);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent('analyst'))));
select tests.start(tests.get('run'), 'a');
update goalpost_private.limits set max_steps = (select count(*) + 1 from goalpost.steps where run_id = tests.get('run'));
create function pg_temp.delegate(p_number integer, p_arguments jsonb) returns text language plpgsql as $$
begin
  perform tests.wish(tests.get('run'), 'a', p_number, 'delegate', '{"title": "t", "instructions": "i"}'::jsonb || p_arguments);
  perform goalpost_private.carry_out_delegate(tests.step(tests.get('run'), 'a'),
    (select c from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.number = p_number), goalpost_private.clock());
  return (select c.state || coalesce(' ' || (c.error ->> 'code'), '') from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.number = p_number);
end
$$;
select tests.call(tests.get('run'), 'judge', 'intended') from generate_series(1, 2);
select is(pg_temp.delegate(1, '{"as": "step"}'), 'waiting', 'a run that is one step short of its cap takes one more');
select is(pg_temp.delegate(2, '{"as": "step"}'), 'failed too_many_steps', 'a run at its cap takes no further step');
select is((select count(*) from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.state = 'waiting'), 1::bigint, 'the earlier delegating call keeps waiting');
select is((select string_agg(c.state, ' ') from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'judge'), 'intended intended', 'calls of the same numbers in another step are unchanged');

-- A step without an agent of its own may delegate a goal, which needs none.
update goalpost_private.limits set max_steps = 64;
update goalpost.steps set agent_id = null where run_id = tests.get('run') and key = 'a';
select is(pg_temp.delegate(3, '{"as": "goal"}'), 'waiting', 'a goal is delegated without an agent');
select is(pg_temp.delegate(4, '{"as": "step"}'), 'failed unknown_agent', 'a step is not delegated without an agent');

select * from finish();
rollback;

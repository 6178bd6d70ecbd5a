-- Steps of several runs and kinds that are claimed together open the agents that each run needs, once.
begin;
select plan(4);
select tests.world();

create function pg_temp.deployed(p_name text) returns bigint language sql as $$
  select count(*) from goalpost.agent_instances i where i.run_id = tests.get(p_name) and i.state = 'open' $$;
select tests.set('one', tests.planned('a, t', jsonb_build_object('a', tests.agent())));
select is(tests.claimed_keys('agent tool'), 'a t', 'a step of an agent and a step without one are claimed together');
select is(pg_temp.deployed('one'), 1::bigint, 'the agent of the agent step is opened');
select tests.set('two', tests.planned('a, b, c:a', jsonb_build_object('a', tests.agent(), 'b', tests.agent(), 'c', tests.agent())));
select tests.claim('agent');
select is(pg_temp.deployed('two'), 1::bigint, 'an agent open in another run is opened here too');
select tests.do_complete(tests.get('two'), 'a');
select tests.claim('agent');
select is(tests.state(tests.get('two'), 'c') || ' ' || pg_temp.deployed('two'), 'running 1', 'a later step of the agent reuses the open instance');

select * from finish();
rollback;

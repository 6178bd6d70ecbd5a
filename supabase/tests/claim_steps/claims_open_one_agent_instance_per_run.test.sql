-- The first claim of an agent's step opens its instance; later ones find it open.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b, c', jsonb_build_object('a', tests.agent(), 'b', tests.agent(), 'c', tests.agent('researcher'))));
select is((select count(*) from goalpost.agent_instances where run_id = tests.get('run')), 0::bigint, 'a plan alone opens no agent instance');
select tests.claim('agent', 1);
select tests.claim('agent', 100);

select is((select count(*) from goalpost.agent_instances where run_id = tests.get('run') and state = 'open'), 2::bigint,
  'three steps of two agents open two instances');

select * from finish();
rollback;

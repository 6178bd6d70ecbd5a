-- The active version of each name is used, the workspace's own before the built-in.
begin;
select plan(2);
select tests.world();

insert into goalpost.agents (workspace_id, name, version, role, tools, state) values
  (tests.id_of('elsewhere'), 'spy', 1, 'r', '{}', 'active'),
  (tests.id_of('acme'), 'analyst', 7, 'own', '{}', 'active'), (tests.id_of('acme'), 'analyst', 8, 'own', '{}', 'retired'),
  (tests.id_of('acme'), 'analyst', 6, 'own', '{}', 'retired');
select tests.set('run', tests.goal());
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent('spy')))))),
  'unknown_agent', 'an agent of another workspace is unknown');
select tests.do_complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a', jsonb_build_object('a', tests.agent())))));
select is((select version from goalpost.agents where id = (tests.step(tests.get('run'), 'a')).agent_id), 7, 'the active version of the workspace''s own agent is used');

select * from finish();
rollback;

-- Its people, agents, runbooks and work are deleted in one statement; another workspace's stay.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

insert into goalpost.agents (workspace_id, name, role) values (tests.id_of('acme'), 'own', 'r');
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan) values (tests.id_of('acme'), 'own', 't', 'd', 'g', '{}');
select tests.set('run', tests.goal());
select tests.do_complete(tests.get('run'), 'plan', jsonb_build_object(
  'plan', jsonb_build_object('steps', tests.steps('a, sub, b', jsonb_build_object('a', tests.agent('own'), 'sub', tests.subgoal())))));
select tests.spend(tests.get('run'), 'a', 1);
select tests.finish(tests.get('run'), 'a', 'completed', '{"result": {}}');
select tests.ask('sam', 'theirs', 'elsewhere');
select is(tests.refusal('do $$ begin delete from goalpost.agents where name = ''own''; set constraints all immediate; end $$'), '23503', 'an agent in use cannot be deleted alone');
select is(tests.refusal(format('delete from goalpost.workspaces where id = %L', tests.id_of('acme'))), 'none', 'a workspace can be deleted by its row');
select is(tests.refusal('set constraints all immediate'), 'none', 'the deletion violates no deferred key');
select is((select count(*) from goalpost.steps where workspace_id = tests.id_of('acme')), 0::bigint, 'the steps of the deleted workspace are deleted');
select is((select count(*) from goalpost.agents where workspace_id = tests.id_of('acme')), 0::bigint, 'the agents of the deleted workspace are deleted');
select is((select count(*) from goalpost.steps), 1::bigint, 'the step of another workspace stays');

select * from finish();
rollback;

-- Big: a goal and its run, for the same person, in the same tree.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.goal());
select is((tests.goal_of(tests.get('run'))).title, 'A goal', 'the goal');
select is((tests.goal_of(tests.get('run'))).user_id, tests.id_of('mia'), 'of whoever asked');
select is((tests.goal_of(tests.get('run'))).root_goal_id, (tests.goal_of(tests.get('run'))).id, 'is its own root');
select is((tests.goal_of(tests.get('run'))).depth, 0, 'at depth 0');
select is((tests.step(tests.get('run'), 'plan')).state, 'ready', 'its plan is ready');
select is((select workflow_type from goalpost.workflow_runs where id = tests.get('run')), 'goal', 'the run is a goal''s');

select * from finish();
rollback;

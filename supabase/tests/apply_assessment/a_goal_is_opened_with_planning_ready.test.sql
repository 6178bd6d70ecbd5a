-- A large request becomes a goal with a run, for the same person, in the same tree.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.goal());
select is((tests.goal_of(tests.get('run'))).title, 'A goal', 'the goal has the title of the assessment');
select is((tests.goal_of(tests.get('run'))).user_id, tests.id_of('mia'), 'the goal belongs to the person who made the request');
select is((tests.goal_of(tests.get('run'))).root_goal_id, (tests.goal_of(tests.get('run'))).id, 'the goal is the root of its tree');
select is((tests.goal_of(tests.get('run'))).depth, 0, 'the goal of a request has depth 0');
select is((tests.step(tests.get('run'), 'plan')).state, 'ready', 'the plan step of a new goal is ready');
select is((select workflow_type from goalpost.workflow_runs where id = tests.get('run')), 'goal', 'the run of a goal has the workflow type goal');

select * from finish();
rollback;

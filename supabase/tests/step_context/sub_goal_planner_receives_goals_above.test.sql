-- A sub-goal's planner receives the goals above; other steps do not. An assessment is marked where there are memories.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('below', jsonb_build_object('below', '{"kind": "subgoal", "input": {"title": "Below", "description": "d"}}'::jsonb)));
select tests.set('first', (select r.goal_id from goalpost.workflow_runs r where r.id = tests.get('run')));
select tests.set('sub', (select r.id from goalpost.workflow_runs r where r.parent_goal_id = tests.get('first')));
update goalpost.goals set title = 'Above' where id = tests.get('first');
select is(tests.claim('plan') #> '{0,context,goals_above}', '["Above"]', 'the planner of a sub-goal receives the goal above it');
select tests.do_complete(tests.get('sub'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'criteria', '[]'::jsonb, 'steps',
  tests.steps('deeper', jsonb_build_object('deeper', '{"kind": "subgoal", "input": {"title": "Deeper", "description": "d"}}'::jsonb)))));
select is(tests.claim('plan') #> '{0,context,goals_above}', '["Above", "Below"]', 'the planner further down receives all goals above, root first');
select is(goalpost_private.place_of_goal(tests.get('first')), '{}', 'the root goal has no goals above');

select tests.ask();
select is(tests.claim('assess') #> '{0,context,remembers}', null, 'an assessment without memories in the workspace is not marked');
select tests.memory('Orders are in euro.');
select tests.ask();
select is(tests.claim('assess') #> '{0,context,remembers}', 'true', 'an assessment with memories in the workspace is marked');

select * from finish();
rollback;

-- A sub-goal's planner is told the goals above; others are told nothing of the kind. An assessment is told of memories.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.planned('below', jsonb_build_object('below', '{"kind": "subgoal", "input": {"title": "Below", "description": "d"}}'::jsonb)));
select tests.set('first', (select r.goal_id from goalpost.workflow_runs r where r.id = tests.get('run')));
select tests.set('sub', (select r.id from goalpost.workflow_runs r where r.parent_goal_id = tests.get('first')));
update goalpost.goals set title = 'Above' where id = tests.get('first');
select is(tests.claim('plan') #> '{0,context,goals_above}', '["Above"]', 'the planner of a sub-goal is told the goal above it');
select tests.do_complete(tests.get('sub'), 'plan', jsonb_build_object('plan', jsonb_build_object('summary', 's', 'criteria', '[]'::jsonb, 'steps',
  tests.steps('deeper', jsonb_build_object('deeper', '{"kind": "subgoal", "input": {"title": "Deeper", "description": "d"}}'::jsonb)))));
select is(tests.claim('plan') #> '{0,context,goals_above}', '["Above", "Below"]', 'one further down is told all of them, the first one first');
select is(goalpost_private.place_of_goal(tests.get('first')), '{}', 'a goal that is no sub-goal has none');

select tests.ask();
select is(tests.claim('assess') #> '{0,context,remembers}', null, 'an assessment is not told of memories where there are none');
select tests.memory('Orders are in euro.');
select tests.ask();
select is(tests.claim('assess') #> '{0,context,remembers}', 'true', 'and is told that there are some where there are');

select * from finish();
rollback;

-- More steps lower the progress; a goal that ended is at 1, completed or not.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.do_complete(tests.get('run'), 'a');
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.667, 'two of three steps give two thirds before the judge');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "replan"}');
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.75, 'a new plan step raises the total to four');
select tests.do_complete(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('c, d'))));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.571, 'a new plan with steps lowers the progress');
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', tests.get('goal')));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 1::numeric, 'a cancelled goal has the progress one');

select * from finish();
rollback;

-- There is more to do, so there is less done; a goal that ended is at 1, however it ended.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.do_complete(tests.get('run'), 'a');
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.667, 'to be judged');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "replan"}');
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.75, 'to be planned again');
select tests.do_complete(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('c, d'))));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.571, 'four of seven');
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', tests.get('goal')));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 1::numeric, 'cancelled is ended');

select * from finish();
rollback;

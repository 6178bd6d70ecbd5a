-- The progress of a sub-goal is part of the progress above.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.333, 'one of three steps ended gives a third');
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.444, 'a sub-goal''s progress of one third adds a ninth');
select is((select steps_ended from goalpost.goal_progress where goal_id = tests.get('goal')), 1::bigint, 'the open sub-goal does not count as ended');
select tests.do_complete(tests.get('below'), 'x');
select tests.do_complete(tests.get('below'), 'judge', '{"decision": "complete", "report": "r"}');
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.667, 'two of three steps ended give two thirds');

select * from finish();
rollback;

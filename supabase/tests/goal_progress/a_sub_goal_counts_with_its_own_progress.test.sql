-- A map of goals: the part below moves the whole.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.set('goal', (tests.goal_of(tests.get('run'))).id);
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.333, 'one of three');
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.444, 'and a third of one');
select is((select steps_ended from goalpost.goal_progress where goal_id = tests.get('goal')), 1::bigint, 'which has not ended');
select tests.do_complete(tests.get('below'), 'x');
select tests.do_complete(tests.get('below'), 'judge', '{"decision": "complete", "report": "r"}');
select is((select progress from goalpost.goal_progress where goal_id = tests.get('goal')), 0.667, 'two of three');

select * from finish();
rollback;

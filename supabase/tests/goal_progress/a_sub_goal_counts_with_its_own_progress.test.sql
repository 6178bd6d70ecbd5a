-- A map of goals: the part below moves the whole.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.keep('goal', (tests.goal_of(tests.the('run'))).id);
select tests.keep('below', tests.run_below(tests.the('run'), 'sub'));
select is((select progress from goalpost.goal_progress where goal_id = tests.the('goal')), 0.333, 'one of three');
select tests.do_complete(tests.the('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
select is((select progress from goalpost.goal_progress where goal_id = tests.the('goal')), 0.444, 'and a third of one');
select is((select steps_ended from goalpost.goal_progress where goal_id = tests.the('goal')), 1::bigint, 'which has not ended');
select tests.do_complete(tests.the('below'), 'x');
select tests.do_complete(tests.the('below'), 'judge', '{"decision": "complete", "report": "r"}');
select is((select progress from goalpost.goal_progress where goal_id = tests.the('goal')), 0.667, 'two of three');

select * from finish();
rollback;

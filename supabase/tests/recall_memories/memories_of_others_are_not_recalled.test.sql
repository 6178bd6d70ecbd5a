-- A memory of another workspace, goal, person or agent is not recalled, however well it fits.
begin;
select plan(5);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.set('other', tests.planned('x', '{}', '[]', 'petra'));
select tests.set('below', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.memory('invoice one', 'workspace', '{"axis": 1}', 'elsewhere');
select tests.memory('invoice two', 'goal', jsonb_build_object('axis', 1, 'goal_id', (tests.goal_of(tests.get('other'))).id));
select tests.memory('invoice three', 'user', jsonb_build_object('axis', 1, 'user_id', tests.id_of('petra')));
select tests.memory('invoice four', 'agent', '{"axis": 1, "agent_name": "researcher"}');
select is(tests.recalled(tests.get('run'), 'a', 'invoice', '{"axis": 1}'), '{}', 'no memory of another scope is recalled');
select is(tests.recalled(tests.get('run'), 'b', 'invoice', '{"axis": 1}'), array['invoice four'], 'an agent recalls its own memory');
select tests.memory('invoice five', 'user', jsonb_build_object('axis', 1, 'user_id', tests.id_of('mia')));
select is(tests.recalled(tests.get('run'), 'a', 'invoice', '{"call_number": 1}'), array['invoice five'], 'work for a person recalls that person''s memory');

-- From goals above, and not from goals below.
select tests.memory('invoice of the goal above', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.get('below'))).id));
select tests.set('sub', tests.run_below(tests.get('below'), 'sub'));
select tests.memory('invoice of the goal below', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.get('sub'))).id));
select tests.start(tests.get('sub'), 'plan');
select is((tests.recalled(tests.get('sub'), 'plan', 'invoice'))[1:2], array['invoice of the goal below', 'invoice of the goal above'],
          'a goal recalls the memories of the goals above');
select tests.set('leaf', tests.planned('z', jsonb_build_object('z', tests.agent('analyst'))));
select tests.start(tests.get('leaf'), 'z');
select is(tests.recalled(tests.get('leaf'), 'z', 'invoice'), array['invoice five'], 'a goal does not recall other goals'' memories');

select * from finish();
rollback;

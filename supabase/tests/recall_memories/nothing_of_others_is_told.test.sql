-- Not of another workspace, another goal, another person or another agent, however well it fits.
begin;
select plan(5);
select tests.world();
select tests.keep('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.the('run'), 'a');
select tests.start(tests.the('run'), 'b');

select tests.keep('other', tests.planned('x', '{}', '[]', 'petra'));
select tests.keep('below', tests.planned('sub', jsonb_build_object('sub', tests.subgoal())));
select tests.memory('invoice one', 'workspace', '{"axis": 1}', 'elsewhere');
select tests.memory('invoice two', 'goal', jsonb_build_object('axis', 1, 'goal_id', (tests.goal_of(tests.the('other'))).id));
select tests.memory('invoice three', 'user', jsonb_build_object('axis', 1, 'user_id', tests.id_of('petra')));
select tests.memory('invoice four', 'agent', '{"axis": 1, "agent_name": "researcher"}');
select is(tests.told(tests.the('run'), 'a', 'invoice', '{"axis": 1}'), '{}', 'nothing of others');
select is(tests.told(tests.the('run'), 'b', 'invoice', '{"axis": 1}'), array['invoice four'], 'an agent is told its own');
select tests.memory('invoice five', 'user', jsonb_build_object('axis', 1, 'user_id', tests.id_of('mia')));
select is(tests.told(tests.the('run'), 'a', 'invoice', '{"call_number": 1}'), array['invoice five'], 'and work for a person what is theirs');

-- Upwards and not downwards.
select tests.memory('invoice of the goal above', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.the('below'))).id));
select tests.keep('sub', tests.run_below(tests.the('below'), 'sub'));
select tests.memory('invoice of the goal below', 'goal', jsonb_build_object('goal_id', (tests.goal_of(tests.the('sub'))).id));
select tests.start(tests.the('sub'), 'plan');
select is((tests.told(tests.the('sub'), 'plan', 'invoice'))[1:2], array['invoice of the goal below', 'invoice of the goal above'],
          'a goal is told what the goals above know');
select tests.keep('leaf', tests.planned('z', jsonb_build_object('z', tests.agent('analyst'))));
select tests.start(tests.the('leaf'), 'z');
select is(tests.told(tests.the('leaf'), 'z', 'invoice'), array['invoice five'], 'and no goal what others do');

select * from finish();
rollback;

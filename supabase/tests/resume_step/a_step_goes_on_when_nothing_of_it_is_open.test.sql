-- waiting -> ready with the last decision, and not before; a step that works for one of its calls counts.
begin;
select plan(13);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('first', tests.asks(tests.get('run'), 'a'));
select tests.set('second', tests.asks(tests.get('run'), 'a', 'question'));
select tests.call(tests.get('run'), 'a', 'waiting', 'delegate', '{}', '{"works_in_step": "b"}');
select is(tests.decide('petra', tests.get('first'), 'approved') ->> 'state', 'approved', 'decided while the worker is still at it');
select is(tests.state(tests.get('run'), 'a'), 'running', 'the step is left to it');
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), true, 'there is more to wait for');
select tests.leave_waiting(tests.get('run'), 'a');
select tests.decide('mia', tests.get('second'), 'answered', '{"answer": "blue"}');
select is(tests.state(tests.get('run'), 'a'), 'waiting', 'a step works for one of its calls');
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), true, 'which is to be waited for, too');
update goalpost.tool_calls set state = 'done', result = '{}', ended_at = goalpost_private.clock() where run_id = tests.get('run') and works_in_step = 'b';
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), false, 'nothing is open any more');
select is(goalpost_private.resume_step(tests.get('run'), 'a', goalpost_private.clock()), array['executor'], 'it goes on');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'ready');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'waiting is no attempt');
select is(goalpost_private.resume_step(tests.get('run'), 'a', goalpost_private.clock()), '{}', 'a second time does nothing');

update goalpost.steps set state = 'running', lease_expires_at = goalpost_private.clock() where run_id = tests.get('run') and key = 'a';
update goalpost.steps set state = 'waiting', lease_expires_at = null, run_after = goalpost_private.clock() + interval '1 hour' where run_id = tests.get('run') and key = 'a';
select is(goalpost_private.resume_step(tests.get('run'), 'a', goalpost_private.clock()), '{}', 'one that waits for a time is left to the sweep');

select tests.set('run2', tests.planned('b', jsonb_build_object('b', tests.agent())));
select tests.start(tests.get('run2'), 'b');
select tests.set('third', tests.asks(tests.get('run2'), 'b'));
select tests.set('fourth', tests.asks(tests.get('run2'), 'b'));
select tests.leave_waiting(tests.get('run2'), 'b');
select tests.decide('petra', tests.get('third'), 'approved');
select is(tests.state(tests.get('run2'), 'b'), 'waiting', 'one of two is decided');
select tests.decide('petra', tests.get('fourth'), 'rejected');
select is(tests.state(tests.get('run2'), 'b'), 'ready', 'both are');

select * from finish();
rollback;

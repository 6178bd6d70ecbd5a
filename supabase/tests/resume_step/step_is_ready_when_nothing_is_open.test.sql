-- waiting -> ready with the last decision, and not before; a call that another step works for counts as open.
begin;
select plan(13);
select tests.world();

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('run'), 'a');
select tests.set('first', tests.asks(tests.get('run'), 'a'));
select tests.set('second', tests.asks(tests.get('run'), 'a', 'question'));
select tests.call(tests.get('run'), 'a', 'waiting', 'delegate', '{}', '{"works_in_step": "b"}');
select is(tests.decide('petra', tests.get('first'), 'approved') ->> 'state', 'approved', 'an approval may be decided while the step is running');
select is(tests.state(tests.get('run'), 'a'), 'running', 'a decision leaves a running step to its worker');
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), true, 'the step waits for a further open approval');
select tests.leave_waiting(tests.get('run'), 'a');
select tests.decide('mia', tests.get('second'), 'answered', '{"answer": "blue"}');
select is(tests.state(tests.get('run'), 'a'), 'waiting', 'the step waits for a call that another step works for');
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), true, 'a call that another step works for is open');
update goalpost.tool_calls set state = 'done', result = '{}', ended_at = goalpost_private.clock() where run_id = tests.get('run') and works_in_step = 'b';
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), false, 'a step whose calls are done has nothing open');
select is(goalpost_private.resume_step(tests.get('run'), 'a', goalpost_private.clock()), array['executor'], 'resume_step returns the function to wake');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the resumed step is ready');
select is((tests.step(tests.get('run'), 'a')).attempt, 1, 'waiting does not cost an attempt');
select is(goalpost_private.resume_step(tests.get('run'), 'a', goalpost_private.clock()), '{}', 'resuming a ready step has no effect');

update goalpost.steps set state = 'running', lease_expires_at = goalpost_private.clock() where run_id = tests.get('run') and key = 'a';
update goalpost.steps set state = 'waiting', lease_expires_at = null, run_after = goalpost_private.clock() + interval '1 hour' where run_id = tests.get('run') and key = 'a';
select is(goalpost_private.resume_step(tests.get('run'), 'a', goalpost_private.clock()), '{}', 'a step that waits for a time is left to the sweep');

select tests.set('run2', tests.planned('b', jsonb_build_object('b', tests.agent())));
select tests.start(tests.get('run2'), 'b');
select tests.set('third', tests.asks(tests.get('run2'), 'b'));
select tests.set('fourth', tests.asks(tests.get('run2'), 'b'));
select tests.leave_waiting(tests.get('run2'), 'b');
select tests.decide('petra', tests.get('third'), 'approved');
select is(tests.state(tests.get('run2'), 'b'), 'waiting', 'a step with one of two approvals decided waits');
select tests.decide('petra', tests.get('fourth'), 'rejected');
select is(tests.state(tests.get('run2'), 'b'), 'ready', 'a step with both approvals decided is ready');

select * from finish();
rollback;

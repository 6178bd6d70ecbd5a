-- A step waits while an approval of its own, or a call that another step works for, is open.
begin;
select plan(6);
select tests.world();

select tests.set('other', tests.planned('a', jsonb_build_object('a', tests.agent())));
select tests.start(tests.get('other'), 'a');
select tests.asks(tests.get('other'), 'a');
select tests.call(tests.get('other'), 'a', 'waiting', 'delegate', '{}', '{"works_in_step": "z"}');
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent(), 'b', tests.agent())));
select tests.start(tests.get('run'), 'a');
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), false, 'open work of another run does not keep a step waiting');
select tests.asks(tests.get('run'), 'b');
select tests.call(tests.get('run'), 'b', 'waiting', 'delegate', '{}', '{"works_in_step": "z"}');
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), false, 'open work of another step does not keep a step waiting');
select tests.set('number', tests.call(tests.get('run'), 'a', 'waiting', 'delegate', '{}', '{"works_in_step": "z"}')::bigint);
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), true, 'a call that another step works for keeps its step waiting');
update goalpost.tool_calls set state = 'done', result = '{}', ended_at = now() where run_id = tests.get('run') and step_key = 'a';
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), false, 'a call that is done does not keep its step waiting');
select tests.call(tests.get('run'), 'a', 'waiting');
select is(goalpost_private.waits_for_others(tests.get('run'), 'a'), false, 'a waiting call without worker and approval does not count');
select tests.finish(tests.get('run'), 'a', 'waiting', '{"for": "others"}');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'a step whose call does not count is ready');

select * from finish();
rollback;

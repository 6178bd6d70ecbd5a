-- The result of a reading call is recorded with the next call that is frozen, before that one is decided on.
begin;
select plan(6);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b:a', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'))));
select tests.start(tests.get('run'), 'a');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "procedure/1", "tool": "read", "arguments": {}}]') #>> '{calls,0,state}', 'intended', 'a reading call may be made');
select tests.set('second', goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "procedure/2", "tool": "send", "arguments": {}}]', '[{"number": 1, "result": {"text": "others"}}]')::text);
select is((tests.call_of(tests.get('run'), 1)).state, 'done', 'the end of the call before is recorded with the next one');
select is((select (c ->> 'number', c ->> 'state', c ->> 'rule')::text from jsonb_array_elements(tests.kept('second')::jsonb -> 'calls') c), '(2,waiting,taint)', 'a call that writes waits for a person after a call that read what others wrote');
select is(jsonb_array_length(tests.kept('second')::jsonb -> 'calls'), 1, 'the reply holds only the calls that were named');
select is((tests.approval_of(tests.get('run'), 'a')).kind, 'tool_call', 'a person is asked');
select is(tests.policy(tests.get('run'), 'b', 'send'), 'needs_approval taint', 'a step that depends on the procedure is tainted too');

select * from finish();
rollback;

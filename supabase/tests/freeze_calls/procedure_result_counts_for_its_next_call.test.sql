-- The result of a reading call is recorded with the next frozen call, before that one is decided.
begin;
select plan(6);
select tests.world();

select tests.tools();
select tests.set('run', tests.planned('a, b:a', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'))));
select tests.start(tests.get('run'), 'a');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "procedure/1", "tool": "read", "arguments": {}}]') #>> '{calls,0,state}', 'intended', 'a reading call may be made');
select tests.set('second', goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "procedure/2", "tool": "send", "arguments": {}}]', '[{"number": 1, "result": {"text": "others"}}]')::text);
select is((tests.call_of(tests.get('run'), 1)).state, 'done', 'the result of the previous call is recorded');
select is((select (c ->> 'number', c ->> 'state', c ->> 'rule')::text from jsonb_array_elements(tests.kept('second')::jsonb -> 'calls') c), '(2,waiting,taint)', 'a writing call after an untrusted read waits for approval');
select is(jsonb_array_length(tests.kept('second')::jsonb -> 'calls'), 1, 'the reply contains only the named calls');
select is((tests.approval_of(tests.get('run'), 'a')).kind, 'tool_call', 'an approval of the call is requested');
select is(tests.policy(tests.get('run'), 'b', 'send'), 'needs_approval taint', 'a step that depends on the procedure is tainted too');

select * from finish();
rollback;

-- failed | denied -> intended | waiting, only in a later attempt of the step, with the same arguments and key.
begin;
select * from no_plan();
select tests.world(p_bystanders => false);

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('keyed', 'k', '{}', true, true);
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.policy_decides('deny', 'never');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "tool", "tool": "keyed", "arguments": {"n": 1}}]') #>> '{calls,0,state}', 'denied', 'a call that policy denies is denied');
select tests.policy_decides('allow', 'now_it_may');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "tool", "tool": "keyed"}]') #>> '{calls,0,state}', 'denied', 'a denied call stays denied within one attempt');
select tests.fail(tests.get('run'), 'a', '{"code": "tool_denied", "message": "m", "retryable": true}');
select tests.advance_clock('1 hour');
select tests.start(tests.get('run'), 'a');
select is((select (c ->> 'state', c ->> 'rule', c -> 'arguments', c ->> 'error')::text from jsonb_array_elements(goalpost_worker.freeze_calls(tests.get('run'), 'a', 2, '[{"call_id": "tool"}]') -> 'calls') c),
          '(intended,now_it_may,"{""n"": 1}",)', 'a later attempt decides again on the same arguments');
select goalpost_worker.end_calls(tests.get('run'), 'a', 2, '[{"number": 1, "result": {"ok": true}}]');
select tests.fail(tests.get('run'), 'a', '{"code": "odd", "message": "m", "retryable": true}');
select tests.advance_clock('1 hour');
select tests.start(tests.get('run'), 'a');
select tests.policy_decides('needs_approval');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 3, '[{"call_id": "tool"}]') #>> '{calls,0,state}', 'done', 'a call that is done is not decided again');
update goalpost.tool_calls set state = 'failed', result = null, attempt = 1;
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 3, '[{"call_id": "tool"}]') #>> '{calls,0,state}', 'waiting', 'a failed call may need approval in a later attempt');
select is((select (a.kind, a.call_number)::text from tests.asked a), '(tool_call,1)', 'the approval of the repeated call is requested');

select * from finish();
rollback;

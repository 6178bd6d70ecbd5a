-- A worker whose step is marked as journaled reads the journal once.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select is(goalpost_worker.read_journal(tests.get('run'), 'a', 1), '{"turns": [], "calls": [], "failures": []}', 'the journal of a new step is empty');
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate"}]');
select tests.fail(tests.get('run'), 'a', '{"code": "odd", "message": "it was odd", "retryable": true}');
select tests.advance_clock('1 hour');
select tests.set('claimed', (tests.claim('agent') -> 0)::text);
select is(tests.kept('claimed')::jsonb #> '{context,journaled}', 'true', 'a step with a turn is claimed as journaled');
select tests.set('read', goalpost_worker.read_journal(tests.get('run'), 'a', 2)::text);
select is(tests.kept('read')::jsonb -> 'turns', jsonb_build_array(jsonb_build_object('number', 1, 'attempt', 1, 'purpose', 'work', 'state', 'answered', 'request_hash', tests.hash('q'), 'error', null, 'seconds', 0, 'answer', '{"text": "reply"}'::jsonb)), 'the journal has the turns with their answers');
select is(tests.kept('read')::jsonb -> 'calls', jsonb_build_array(goalpost_private.describe_call(tests.call_of(tests.get('run'), 1))), 'the journal has the calls of the step');
select is(tests.kept('read')::jsonb -> 'failures', '[{"attempt": 1, "outcome": "failed", "error": {"code": "odd", "message": "it was odd", "retryable": true}}]', 'the journal has the failures of earlier attempts');
select is(tests.refusal(format('select goalpost_worker.read_journal(%s, ''a'', 1)', tests.get('run'))), 'ZG009', 'a worker that lost the lease cannot read the journal');

select * from finish();
rollback;

-- Calls without a free slot are not begun, none of them; a call that ends frees its slot.
begin;
select plan(10);
select tests.world();
select tests.tools();

select tests.set('run', tests.agent_at_work());
select tests.value_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', ''send'', 1)', tests.id_of('acme')));
select tests.bare_call(tests.get('run'), 'a', 1, 'intended', '{"tool": "send", "idempotent": false}');
select tests.bare_call(tests.get('run'), 'a', 2, 'intended', '{"tool": "send", "idempotent": true}');
create function pg_temp.begin(p_numbers integer[]) returns jsonb language sql as $$
  select goalpost_worker.begin_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, p_numbers) $$;
select ok((goalpost_private.describe_call(tests.call_of(tests.get('run'), 1)) -> 'limited')::boolean, 'the description of a call states that its tool is limited');
select ok((pg_temp.begin(array[1, 2]) #> '{wait,seconds}')::integer > 0, 'two calls wait where the limit has one slot');
select is(tests.calls(tests.get('run')), 'intended intended', 'neither of two waiting calls is begun');
select is(pg_temp.begin(array[1]) -> 'wait', null, 'one call does not wait where the limit has one slot');
select is(tests.calls(tests.get('run')), 'running intended', 'the call with a slot is running');
select isnt(pg_temp.begin(array[2]) -> 'wait', null, 'no other call begins while the slot is held');
select goalpost_worker.end_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, '[{"number": 1, "result": {}}]');
select is(pg_temp.begin(array[1]) -> 'wait', null, 'a call that has ended needs no slot');
select is(pg_temp.begin(array[2]) -> 'wait', null, 'another call gets the slot of the ended call');
select is(tests.calls(tests.get('run')), 'done intended', 'a repeatable call is not marked as running');

-- A step that is one reading call uses the journal where its tool has a limit.
select tests.set('other', tests.planned('b', '{"b": {"input": {"tool": "send", "arguments": {}}}}'));
select is(goalpost_worker.claim_steps(array['tool'], 1, 30, 'w') #> '{0,context,journaled}', 'true', 'a step that is one limited call is journaled');

select * from finish();
rollback;

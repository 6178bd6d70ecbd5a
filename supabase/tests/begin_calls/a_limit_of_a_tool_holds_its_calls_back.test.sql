-- Those that have no place are not begun, none of them; one that ends makes room.
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
select ok((goalpost_private.describe_call(tests.call_of(tests.get('run'), 1)) -> 'limited')::boolean, 'its worker is told that it has a limit');
select ok((pg_temp.begin(array[1, 2]) #> '{wait,seconds}')::integer > 0, 'two have no room');
select is(tests.calls(tests.get('run')), 'intended intended', 'and neither is begun');
select is(pg_temp.begin(array[1]) -> 'wait', null, 'one has');
select is(tests.calls(tests.get('run')), 'running intended', 'and is');
select isnt(pg_temp.begin(array[2]) -> 'wait', null, 'while it is under way no other has');
select goalpost_worker.end_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, '[{"number": 1, "result": {}}]');
select is(pg_temp.begin(array[1]) -> 'wait', null, 'what has ended needs none');
select is(pg_temp.begin(array[2]) -> 'wait', null, 'and another has it');
select is(tests.calls(tests.get('run')), 'done intended', 'which is not begun, since it may be repeated');

-- A step that is one reading call goes through the journal where somebody has said something of its tool.
select tests.set('other', tests.planned('b', '{"b": {"input": {"tool": "send", "arguments": {}}}}'));
select is(goalpost_worker.claim_steps(array['tool'], 1, 30, 'w') #> '{0,context,journaled}', 'true', 'so does a step that is such a call');

select * from finish();
rollback;

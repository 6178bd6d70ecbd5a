-- Its key is workspace, run and step, unchanged since the first release.
begin;
select * from no_plan();
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('keyed', 'k', '{}', true, true);
select tests.set('run', tests.planned('a', '{"a": {"input": {"tool": "keyed", "arguments": {"n": 1}}}}'));
select tests.start(tests.get('run'), 'a');
select tests.set('first', goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "tool", "tool": "keyed", "arguments": {"n": 1}}]')::text);
select is((select (c.state, c.arguments, c.turn_number is null, c.idempotent, c.writes)::text from tests.call_of(tests.get('run'), 1) c), '(intended,"{""n"": 1}",t,t,t)', 'the call is frozen as intended with its arguments');
select is((tests.call_of(tests.get('run'), 1)).idempotency_key, format('%s/%s/a', tests.id_of('acme'), tests.get('run')), 'the call has the key of its step');
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "tool", "tool": "keyed", "arguments": {"n": 2}}]'), tests.kept('first')::jsonb, 'freezing the call again leaves it unchanged');
select tests.lose(tests.get('run'));
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, '[{"call_id": "tool", "tool": "keyed", "arguments": {"n": 3}}]'), tests.kept('first')::jsonb, 'freezing by the next worker leaves it unchanged');
select is(tests.refusal(format('select goalpost_worker.freeze_calls(%s, ''a'', 1, ''[]'')', tests.get('run'))), 'ZG009', 'a worker that lost the lease cannot freeze calls');
select is(tests.refusal(format('select goalpost_worker.freeze_calls(%s, ''a'', %s, %L)', tests.get('run'), (tests.step(tests.get('run'), 'a')).lease_epoch, c)), 'ZG003', 'calls to freeze are refused: ' || c) from unnest(array['{}', '[{"tool": "keyed"}]']) c;

select * from finish();
rollback;

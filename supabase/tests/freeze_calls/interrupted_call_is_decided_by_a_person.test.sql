-- The call is not made again.
begin;
select * from no_plan();
select tests.world();

insert into goalpost.tools (name, description, parameters, idempotent, writes) values ('once', 'o', '{}', false, true);
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.policy_decides('allow');
select goalpost_worker.freeze_calls(tests.get('run'), 'a', 1, '[{"call_id": "tool", "tool": "once"}]');
select goalpost_worker.begin_calls(tests.get('run'), 'a', 1, '{1}');
select tests.lose(tests.get('run'));
select is(goalpost_worker.freeze_calls(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, '[{"call_id": "tool", "tool": "once"}]') #>> '{calls,0,state}', 'unknown', 'the outcome of an interrupted call is unknown');
select is((select (a.kind, a.call_number)::text from tests.asked a), '(outcome_unknown,1)', 'a person is asked for the unknown outcome');

select * from finish();
rollback;

-- Only calls that wait for a person cause an approval.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.policy_decides('allow');
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate"}]');
select is(tests.calls(tests.get('run')), 'intended', 'an allowed call is intended');
select is((select count(*) from tests.asked), 0::bigint, 'an allowed call causes no approval');

select * from finish();
rollback;

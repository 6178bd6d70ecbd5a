-- People are asked for what waits for them.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.policy_decides('allow');
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1, '[{"call_id": "x", "tool": "calculate"}]');
select is(tests.calls(tests.get('run')), 'intended', 'it may be made');
select is((select count(*) from tests.asked), 0::bigint, 'nobody is asked');

select * from finish();
rollback;

-- Its arguments are not kept, so there is nothing to decide on.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.policy_decides('needs_approval');
select tests.asks_model(tests.get('run'));
select tests.model_answers(tests.get('run'), 1, jsonb_build_array(jsonb_build_object('call_id', 'x', 'tool', 'calculate', 'arguments', repeat('x', 70000))));
select is(tests.calls(tests.get('run')), 'failed', 'a call with arguments over the bound fails');
select is((select count(*) from tests.asked), 0::bigint, 'the failed call causes no approval');

select * from finish();
rollback;

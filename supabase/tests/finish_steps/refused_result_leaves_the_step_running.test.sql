-- The worker may bring another result under the same lease, or fail the step.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.goal());
select tests.start(tests.get('run'), 'plan');
select is(tests.complete(tests.get('run'), 'plan', '{"plan": {"steps": []}}'), 'refused', 'an empty plan is refused');
select is((tests.step(tests.get('run'), 'plan')).state, 'running', 'the step keeps running after a refused result');
select is((tests.step(tests.get('run'), 'plan')).lease_epoch, 1::bigint, 'the step keeps its epoch after a refused result');
select is((select count(*) from goalpost.steps where run_id = tests.get('run')), 1::bigint, 'nothing of the refused plan is written');
select is(tests.complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a')))), 'accepted', 'a valid plan is accepted under the same lease');

select * from finish();
rollback;

-- What the worker brought is not acceptable: it may bring something better, or give up.
begin;
select plan(5);
select tests.world();

select tests.set('run', tests.goal());
select tests.start(tests.get('run'), 'plan');
select is(tests.complete(tests.get('run'), 'plan', '{"plan": {"steps": []}}'), 'refused', 'an empty plan');
select is((tests.step(tests.get('run'), 'plan')).state, 'running', 'still running');
select is((tests.step(tests.get('run'), 'plan')).lease_epoch, 1::bigint, 'under the same epoch');
select is((select count(*) from goalpost.steps where run_id = tests.get('run')), 1::bigint, 'nothing of the plan was written');
select is(tests.complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a')))), 'accepted', 'a better one');

select * from finish();
rollback;

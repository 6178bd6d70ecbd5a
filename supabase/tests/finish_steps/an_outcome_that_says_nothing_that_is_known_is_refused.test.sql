-- The step is still its worker's; and what is told without a lease is told to nobody, its cost included.
begin;
select plan(4);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.finish(tests.get('run'), 'a', 'vanished'), 'refused', 'an odd outcome');
select is(tests.state(tests.get('run'), 'a'), 'running', 'the step runs on');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": null, "result": {}, "usage": [{"cost_microusd": 5}]}'), 'lease_lost', 'no lease at all');
select is((select count(*) from goalpost.usage_events), 0::bigint, 'its cost is nobody''s');

select * from finish();
rollback;

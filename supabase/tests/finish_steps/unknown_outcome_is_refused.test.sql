-- The step stays with its worker; without a lease neither an outcome nor its cost is recorded.
begin;
select plan(4);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.finish(tests.get('run'), 'a', 'vanished'), 'refused', 'an unknown outcome is refused');
select is(tests.state(tests.get('run'), 'a'), 'running', 'the step keeps running after an unknown outcome');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": null, "result": {}, "usage": [{"cost_microusd": 5}]}'), 'lease_lost', 'an outcome without an epoch returns lease_lost');
select is((select count(*) from goalpost.usage_events), 0::bigint, 'the cost of an outcome without a lease is not booked');

select * from finish();
rollback;

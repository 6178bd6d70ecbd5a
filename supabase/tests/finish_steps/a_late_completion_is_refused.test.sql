-- The step was claimed again under a higher epoch: an outcome of the earlier worker changes nothing and returns
-- lease_lost.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('31 seconds');
select goalpost_worker.sweep();
select tests.start(tests.get('run'), 'a');

select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {"late": true}}'), 'lease_lost', 'a late completion is refused as lease_lost');
select is(tests.state(tests.get('run'), 'a'), 'running', 'the step keeps running for the second worker');
select is(tests.finish(tests.get('run'), 'a', 'failed', '{"lease_epoch": 1}'), 'lease_lost', 'a late failure is refused as lease_lost');
select is(tests.finish(tests.get('run'), 'a', 'released', '{"lease_epoch": 1}'), 'lease_lost', 'a late release is refused as lease_lost');
select is(tests.finish(tests.get('run'), 'a', 'waiting', '{"lease_epoch": 1}'), 'lease_lost', 'a late wait is refused as lease_lost');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 99, "result": {}}'), 'lease_lost', 'a future epoch is refused as lease_lost');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": null, "result": {}}'), 'lease_lost', 'an outcome without an epoch is refused as lease_lost');
select is(tests.complete(tests.get('run'), 'a', '{"late": false}'), 'accepted', 'the completion of the second worker is accepted');
select is((tests.step(tests.get('run'), 'a')).result, '{"late": false}', 'the result is that of the second worker');

select * from finish();
rollback;

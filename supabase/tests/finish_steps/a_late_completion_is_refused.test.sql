-- The step was claimed again under a higher epoch: the earlier worker changes nothing, and is told so.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select tests.advance_clock('31 seconds');
select goalpost_worker.sweep();
select tests.start(tests.get('run'), 'a');

select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {"late": true}}'), 'lease_lost', 'the first worker');
select is(tests.state(tests.get('run'), 'a'), 'running', 'the second one still has it');
select is(tests.finish(tests.get('run'), 'a', 'failed', '{"lease_epoch": 1}'), 'lease_lost', 'a late failure, too');
select is(tests.finish(tests.get('run'), 'a', 'released', '{"lease_epoch": 1}'), 'lease_lost', 'a late release, too');
select is(tests.finish(tests.get('run'), 'a', 'waiting', '{"lease_epoch": 1}'), 'lease_lost', 'a late wait, too');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 99, "result": {}}'), 'lease_lost', 'an epoch that never was');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": null, "result": {}}'), 'lease_lost', 'no epoch at all');
select is(tests.complete(tests.get('run'), 'a', '{"late": false}'), 'accepted', 'the second worker completes it');
select is((tests.step(tests.get('run'), 'a')).result, '{"late": false}', 'with its own result');

select * from finish();
rollback;

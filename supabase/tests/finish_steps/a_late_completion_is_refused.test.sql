-- The step was claimed again under a higher epoch: the earlier worker changes nothing, and is told so.
begin;
select plan(9);
select tests.world();

select tests.keep('run', tests.planned('a'));
select tests.start(tests.the('run'), 'a');
select tests.pass('31 seconds');
select goalpost_worker.sweep();
select tests.start(tests.the('run'), 'a');

select is(tests.finish(tests.the('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {"late": true}}'), 'lease_lost', 'the first worker');
select is(tests.state(tests.the('run'), 'a'), 'running', 'the second one still has it');
select is(tests.finish(tests.the('run'), 'a', 'failed', '{"lease_epoch": 1}'), 'lease_lost', 'a late failure, too');
select is(tests.finish(tests.the('run'), 'a', 'released', '{"lease_epoch": 1}'), 'lease_lost', 'a late release, too');
select is(tests.finish(tests.the('run'), 'a', 'waiting', '{"lease_epoch": 1}'), 'lease_lost', 'a late wait, too');
select is(tests.finish(tests.the('run'), 'a', 'completed', '{"lease_epoch": 99, "result": {}}'), 'lease_lost', 'an epoch that never was');
select is(tests.finish(tests.the('run'), 'a', 'completed', '{"lease_epoch": null, "result": {}}'), 'lease_lost', 'no epoch at all');
select is(tests.complete(tests.the('run'), 'a', '{"late": false}'), 'accepted', 'the second worker completes it');
select is((tests.step(tests.the('run'), 'a')).result, '{"late": false}', 'with its own result');

select * from finish();
rollback;

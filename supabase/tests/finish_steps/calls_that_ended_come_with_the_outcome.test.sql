-- Of an outcome that counts, and before it does.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', n) from generate_series(1, 2) n;
select is(tests.finish(tests.get('run'), 'a', 'released', '{"calls": [{"number": 1, "result": {"n": 1}}]}'), 'accepted', 'put back with what is known');
select is(tests.calls(tests.get('run')), 'done intended', 'recorded');
select tests.start(tests.get('run'), 'a');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}, "calls": [{"number": 2, "result": {}}]}'), 'lease_lost', 'from who lost the lease');
select is(tests.calls(tests.get('run')), 'done intended', 'nothing is');
select is(tests.complete(tests.get('run'), 'a'), 'accepted', 'without any, as ever');

select * from finish();
rollback;

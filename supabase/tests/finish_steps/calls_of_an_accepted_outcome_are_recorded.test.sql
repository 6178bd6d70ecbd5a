-- The calls are recorded before the outcome takes effect, and only if it is accepted.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', n) from generate_series(1, 2) n;
select is(tests.finish(tests.get('run'), 'a', 'released', '{"calls": [{"number": 1, "result": {"n": 1}}]}'), 'accepted', 'a release with ended calls is accepted');
select is(tests.calls(tests.get('run')), 'done intended', 'the ended call of the release is done');
select tests.start(tests.get('run'), 'a');
select is(tests.finish(tests.get('run'), 'a', 'completed', '{"lease_epoch": 1, "result": {}, "calls": [{"number": 2, "result": {}}]}'), 'lease_lost', 'an outcome with calls under a lost lease is refused');
select is(tests.calls(tests.get('run')), 'done intended', 'the calls of a refused outcome are not recorded');
select is(tests.complete(tests.get('run'), 'a'), 'accepted', 'an outcome without calls is accepted');

select * from finish();
rollback;

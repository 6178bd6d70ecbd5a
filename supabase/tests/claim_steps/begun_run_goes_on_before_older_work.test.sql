-- Within one workspace and one priority, steps that this call has opened come before older ones: a begun run ends before
-- the next one begins, and a step that is opened and claimed at once is written once.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('old, a, b:a'));
select tests.start(tests.get('run'), 'a');
select tests.finish(tests.get('run'), 'old', 'released');
select tests.advance_clock('1 second');
select tests.set('claimed', tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'));
select is(tests.kept('claimed'), 'b', 'the step opened by the outcome is claimed');
select is(tests.state(tests.get('run'), 'old'), 'ready', 'an older step of the workspace stays ready');
select is((tests.step(tests.get('run'), 'b')).run_after, null, 'a step opened and claimed at once has no run_after');

select * from finish();
rollback;

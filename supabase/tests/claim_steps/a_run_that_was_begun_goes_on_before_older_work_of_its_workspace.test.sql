-- Of one workspace and one priority, what a call has just opened comes before what lay there longer: a run that was begun
-- is ended before the next one is begun, and what is opened and claimed at once is written once.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('old, a, b:a'));
select tests.start(tests.get('run'), 'a');
select tests.finish(tests.get('run'), 'old', 'released');
select tests.advance_clock('1 second');
select tests.set('claimed', tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'));
select is(tests.kept('claimed'), 'b', 'what follows is claimed');
select is(tests.state(tests.get('run'), 'old'), 'ready', 'the older one waits its turn');
select is((tests.step(tests.get('run'), 'b')).run_after, null, 'it never lay ready');

select * from finish();
rollback;

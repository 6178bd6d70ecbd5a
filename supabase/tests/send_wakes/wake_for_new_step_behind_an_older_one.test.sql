-- The older step of another workspace is claimed first; the step that is ready now is left and needs a wake.
begin;
select plan(3);
select tests.world();

select tests.set('other', tests.planned('old', p_person => 'sam', p_workspace => 'elsewhere'));
select tests.advance_clock('1 second');
select tests.set('run', tests.planned('a, b:a'));
select tests.start(tests.get('run'), 'a');
select tests.finish(tests.get('other'), 'old', 'released');
delete from goalpost.wakes;
select tests.advance_clock('1 second');
select tests.set('claimed', tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.get('run'), 'a', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'));
select is(tests.kept('claimed'), 'old', 'the older ready step is claimed');
select is(tests.state(tests.get('run'), 'b'), 'ready', 'the newly ready step is left');
select is(tests.wake_count('executor'), 1::bigint, 'a wake is sent for the step that is left');

select * from finish();
rollback;

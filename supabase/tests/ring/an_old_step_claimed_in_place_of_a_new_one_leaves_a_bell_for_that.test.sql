-- What was ready before in another workspace is claimed first; what became ready now is left, and must not be forgotten.
begin;
select plan(3);
select tests.world();

select tests.keep('other', tests.planned('old', p_person => 'sam', p_workspace => 'elsewhere'));
select tests.pass('1 second');
select tests.keep('run', tests.planned('a, b:a'));
select tests.start(tests.the('run'), 'a');
select tests.finish(tests.the('other'), 'old', 'released');
delete from goalpost.wakes;
select tests.pass('1 second');
select tests.keep('claimed', tests.keys(tests.finish_all(jsonb_build_array(tests.outcome(tests.the('run'), 'a', 'completed', '{"result": {}}')), 'tool', 1) -> 'claimed'));
select is(tests.kept('claimed'), 'old', 'the older one is claimed');
select is(tests.state(tests.the('run'), 'b'), 'ready', 'the new one is left');
select is(tests.wake_count('executor'), 1::bigint, 'and rung for');

select * from finish();
rollback;

-- The attempt predicate is part of the claim itself: whatever left such a row behind, nobody works on it.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'spent', p_more => '{"attempt": 4, "max_attempts": 3}');
select tests.bare_step(tests.get('run'), 'last_try', p_more => '{"attempt": 3, "max_attempts": 3}');

select is(tests.claimed_keys('tool'), 'last_try', 'the last attempt is claimed, one beyond it is not');
select is(tests.state(tests.get('run'), 'spent'), 'ready', 'the other one is left alone');

select * from finish();
rollback;

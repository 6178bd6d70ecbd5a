-- The attempt predicate is part of the claim itself, so a row in such a state is never claimed.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'spent', p_more => '{"attempt": 4, "max_attempts": 3}');
select tests.bare_step(tests.get('run'), 'last_try', p_more => '{"attempt": 3, "max_attempts": 3}');

select is(tests.claimed_keys('tool'), 'last_try', 'only the step on its last attempt is claimed');
select is(tests.state(tests.get('run'), 'spent'), 'ready', 'the step without attempts left stays ready');

select * from finish();
rollback;

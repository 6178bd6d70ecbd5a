-- run_after is a promise: a retry waits for its back-off, by the database's clock.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'later', p_more => '{"run_after": "2030-01-01 12:00:10+00"}');

select is(tests.claimed_keys('tool'), '', 'not yet');
select tests.advance_clock('9 seconds');
select is(tests.claimed_keys('tool'), '', 'nor a second too early');
select tests.advance_clock('1 second');
select is(tests.claimed_keys('tool'), 'later', 'but when its time has come');

select * from finish();
rollback;

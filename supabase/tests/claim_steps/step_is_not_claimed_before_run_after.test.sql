-- A retry waits for its back-off, by the database's clock.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'later', p_more => '{"run_after": "2030-01-01 12:00:10+00"}');

select is(tests.claimed_keys('tool'), '', 'a step ten seconds before run_after is not claimed');
select tests.advance_clock('9 seconds');
select is(tests.claimed_keys('tool'), '', 'a step one second before run_after is not claimed');
select tests.advance_clock('1 second');
select is(tests.claimed_keys('tool'), 'later', 'a step at its run_after is claimed');

select * from finish();
rollback;

-- More steps than a claim looks at come first by priority, and cannot be claimed: their time has not come, or no attempt
-- is left. The one that can is claimed.
begin;
select plan(4);
select tests.world();

select tests.set('later', tests.bare_run());
select tests.bare_step(tests.get('later'), 's' || n, p_more => '{"priority": 9, "run_after": "2030-01-01 12:00:01+00"}') from generate_series(1, 9) n;
select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'now');
select is(tests.claimed_keys('tool', 1), 'now', 'steps of a later time do not hide one of now');
select tests.set('worn', tests.bare_run());
select tests.bare_step(tests.get('worn'), 's' || n, p_more => '{"priority": 9, "attempt": 4}') from generate_series(1, 9) n;
select tests.bare_step(tests.get('run'), 'next');
select is(tests.claimed_keys('tool', 1), 'next', 'steps without attempts left do not hide one that has some');
select is(tests.claimed_keys('tool', 5), '', 'none of the others is claimed');
select tests.advance_clock('1 second');
select is(tests.claimed_keys('tool', 1), 's1', 'once its time has come a step of higher priority is claimed');

select * from finish();
rollback;

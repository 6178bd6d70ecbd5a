-- More steps than a claim reads come first by priority, and cannot be claimed: run_after is in the future, or no attempt
-- is left. The step that can be claimed is claimed.
begin;
select plan(4);
select tests.world();

select tests.set('later', tests.bare_run());
select tests.bare_step(tests.get('later'), 's' || n, p_more => '{"priority": 9, "run_after": "2030-01-01 12:00:01+00"}') from generate_series(1, 9) n;
select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'now');
select is(tests.claimed_keys('tool', 1), 'now', 'steps with a later run_after do not hide a ready one');
select tests.set('worn', tests.bare_run());
select tests.bare_step(tests.get('worn'), 's' || n, p_more => '{"priority": 9, "attempt": 4}') from generate_series(1, 9) n;
select tests.bare_step(tests.get('run'), 'next');
select is(tests.claimed_keys('tool', 1), 'next', 'steps without attempts left do not hide a claimable one');
select is(tests.claimed_keys('tool', 5), '', 'no unclaimable step is claimed');
select tests.advance_clock('1 second');
select is(tests.claimed_keys('tool', 1), 's1', 'a step of higher priority is claimed at its run_after');

select * from finish();
rollback;

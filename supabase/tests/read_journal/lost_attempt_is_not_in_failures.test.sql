-- Earlier failures are passed to the next worker, so that it can avoid them. A lost worker is no failure of the work.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.agent_at_work());
create function pg_temp.failures() returns text language sql as $$
  select coalesce(string_agg(f ->> 'outcome', ' '), '') from jsonb_array_elements(
    goalpost_worker.read_journal(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch) -> 'failures') f $$;
select tests.lose(tests.get('run'));
select is(pg_temp.failures(), '', 'an attempt whose worker was lost is no failure');
select tests.fail(tests.get('run'), 'a', '{"code": "broken", "message": "it broke", "retryable": true, "retry_after_seconds": 0}');
select tests.start(tests.get('run'), 'a');
select is(pg_temp.failures(), 'failed', 'an attempt that failed is listed as a failure');
update goalpost.steps set timeout_seconds = 1, max_attempts = 9 where run_id = tests.get('run') and key = 'a';
select tests.advance_clock('1 minute');
select goalpost_private.sweep();
select tests.advance_clock('10 minutes');
select tests.start(tests.get('run'), 'a');
select is(pg_temp.failures(), 'failed timed_out', 'an attempt that timed out is listed as a failure');

select * from finish();
rollback;

-- A claim takes 0 to 100 steps, under a lease of 1 to 3600 seconds. Both bounds belong to what is allowed.
begin;
select plan(12);
select tests.world();

create function pg_temp.claim(p_limit integer, p_lease_seconds integer) returns text language sql as $$
  select tests.refusal(format('select goalpost_worker.claim_steps(array[''tool''], %s, %s, ''w'')',
                              coalesce(p_limit::text, 'null'), coalesce(p_lease_seconds::text, 'null'))) $$;

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a');
select is(pg_temp.claim(null, 30), 'ZG003', 'a claim without a limit is refused');
select is(pg_temp.claim(-1, 30), 'ZG003', 'a claim of -1 steps is refused');
select is(pg_temp.claim(101, 30), 'ZG003', 'a claim of 101 steps is refused');
select is(pg_temp.claim(1, null), 'ZG003', 'a claim without a lease is refused');
select is(pg_temp.claim(1, 0), 'ZG003', 'a claim for no time is refused');
select is(pg_temp.claim(1, 3601), 'ZG003', 'a claim for more than an hour is refused');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'the step is ready after every refused claim');
select is(pg_temp.claim(0, 1), 'none', 'a claim of no step for one second is allowed');
select is(tests.state(tests.get('run'), 'a'), 'ready', 'a claim of no step takes none');
select is(pg_temp.claim(100, 3600), 'none', 'a claim of 100 steps for an hour is allowed');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, goalpost_private.clock() + interval '1 hour', 'the lease ends after an hour');
select tests.bare_step(tests.get('run'), 'b');
select is(pg_temp.claim(1, 1), 'none', 'a claim for one second is allowed');

select * from finish();
rollback;

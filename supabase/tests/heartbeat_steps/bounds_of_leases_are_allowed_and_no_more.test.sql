-- A heartbeat extends up to 100 leases, each by 1 to 3600 seconds.
begin;
select plan(7);
select tests.world();

create function pg_temp.beat(p_count integer, p_lease_seconds integer) returns text language sql as $$
  select tests.refusal(format('select goalpost_worker.heartbeat_steps(%L, %s)',
    (select jsonb_agg(jsonb_build_object('run_id', tests.get('run'), 'step_key', 'a', 'lease_epoch', 1)) from generate_series(1, p_count)),
    coalesce(p_lease_seconds::text, 'null'))) $$;

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'a', 'running');
select is(pg_temp.beat(100, 3600), 'none', 'a hundred leases are extended by an hour');
select is((tests.step(tests.get('run'), 'a')).lease_expires_at, goalpost_private.clock() + interval '1 hour', 'the lease ends after an hour');
select is(pg_temp.beat(101, 30), 'ZG003', 'a heartbeat for 101 leases is refused');
select is(pg_temp.beat(1, 1), 'none', 'a lease is extended by one second');
select is(pg_temp.beat(1, 0), 'ZG003', 'a heartbeat for zero seconds is refused');
select is(pg_temp.beat(1, 3601), 'ZG003', 'a heartbeat for more than an hour is refused');
select is(pg_temp.beat(1, null), 'ZG003', 'a heartbeat without a time is refused');

select * from finish();
rollback;

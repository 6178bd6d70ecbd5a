-- Two hundred at once, over any number of runs.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'r' || n, 'running', p_more => '{"lease_expires_at": "2030-01-01 11:00:00+00"}') from generate_series(1, 250) n;
select is((goalpost_worker.sweep()) ->> 'leases_expired', '200', 'two hundred');
select is((goalpost_worker.sweep()) ->> 'leases_expired', '50', 'the rest');

select * from finish();
rollback;

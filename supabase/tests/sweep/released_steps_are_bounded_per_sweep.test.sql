-- Two hundred steps at once, over any number of runs.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 'r' || n, 'running', p_more => '{"lease_expires_at": "2030-01-01 11:00:00+00"}') from generate_series(1, 250) n;
select is((goalpost_worker.sweep()) ->> 'leases_expired', '200', 'one sweep releases two hundred lost steps');
select is((goalpost_worker.sweep()) ->> 'leases_expired', '50', 'the next sweep releases the other fifty');

select * from finish();
rollback;

-- The bounds are those of claims.
begin;
select plan(6);
select tests.world();

select is(tests.refusal('select goalpost_worker.heartbeat_steps(''[]'', 0)'), 'ZG003', 'a lease of zero seconds is refused');
select is(tests.refusal('select goalpost_worker.heartbeat_steps(''[]'', 3601)'), 'ZG003', 'a lease of more than an hour is refused');
select is(tests.refusal('select goalpost_worker.heartbeat_steps(''[]'', null)'), 'ZG003', 'a lease without an end is refused');
select is(tests.refusal('select goalpost_worker.heartbeat_steps(''{}'', 30)'), 'ZG003', 'leases that are no list are refused');
select is(tests.refusal('select goalpost_worker.heartbeat_steps((select jsonb_agg(n) from generate_series(1, 101) n), 30)'), 'ZG003', 'a heartbeat for 101 leases is refused');
select is(goalpost_worker.heartbeat_steps('[]', 30), '[]', 'a heartbeat without leases is accepted');

select * from finish();
rollback;

-- As claims do.
begin;
select plan(6);
select tests.world();

select is(tests.refusal('select goalpost_worker.heartbeat_steps(''[]'', 0)'), 'ZG003', 'no time');
select is(tests.refusal('select goalpost_worker.heartbeat_steps(''[]'', 3601)'), 'ZG003', 'more than an hour');
select is(tests.refusal('select goalpost_worker.heartbeat_steps(''[]'', null)'), 'ZG003', 'no end');
select is(tests.refusal('select goalpost_worker.heartbeat_steps(''{}'', 30)'), 'ZG003', 'no list');
select is(tests.refusal('select goalpost_worker.heartbeat_steps((select jsonb_agg(n) from generate_series(1, 101) n), 30)'), 'ZG003', 'too many');
select is(goalpost_worker.heartbeat_steps('[]', 30), '[]', 'none is fine');

select * from finish();
rollback;

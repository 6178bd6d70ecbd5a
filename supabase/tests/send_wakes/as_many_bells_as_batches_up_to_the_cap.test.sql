-- ⌈ready ÷ batch⌉, never one per step.
begin;
select plan(4);
select tests.world();

select tests.set('keys', (select string_agg('s' || n, ', ') from generate_series(1, 25) n));
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 3::bigint, '25 ready, by default 10 at once: three');
select is((select max(ready_count) from goalpost.wakes where function = 'executor'), 25, 'each says how many there are');
delete from goalpost.wakes;
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 2, 5);
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 5::bigint, '13 batches of 2: capped at 5');
delete from goalpost.wakes;
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 25, 5);
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 1::bigint, 'one batch of 25: one');

select * from finish();
rollback;

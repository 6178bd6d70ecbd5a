-- ⌈ready ÷ batch⌉, never one per step.
begin;
select plan(4);
select tests.world();

select tests.set('keys', (select string_agg('s' || n, ', ') from generate_series(1, 25) n));
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 3::bigint, '25 ready steps in batches of 10 send three wakes');
select is((select max(ready_count) from goalpost.wakes where function = 'executor'), 25, 'each wake has the number of ready steps');
delete from goalpost.wakes;
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 2, 5);
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 5::bigint, '13 batches of 2 send at most five wakes');
delete from goalpost.wakes;
select goalpost_private.set_endpoint('executor', 'http://127.0.0.1:9/', 25, 5);
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 1::bigint, 'one batch of 25 sends one wake');

select * from finish();
rollback;

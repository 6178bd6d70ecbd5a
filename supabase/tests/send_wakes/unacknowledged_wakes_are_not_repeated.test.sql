-- An unacknowledged wake younger than two seconds means that a worker is about to claim.
begin;
select plan(4);
select tests.world();

select tests.set('keys', (select string_agg('s' || n, ', ') from generate_series(1, 25) n));
select tests.planned(tests.kept('keys'));
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 3::bigint, 'three open wakes are enough for 25 more steps');
update goalpost.wakes set acknowledged_at = goalpost_private.clock() where id = (select min(id) from goalpost.wakes where function = 'executor');
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 4::bigint, 'one acknowledged wake is replaced by one more');
select tests.advance_clock('1.9 seconds');
select tests.planned('a');
select is(tests.wake_count('executor'), 4::bigint, 'a wake counts as open for two seconds');
select tests.advance_clock('0.1 seconds');
select tests.planned('a');
select is(tests.wake_count('executor'), 5::bigint, 'after two seconds an unacknowledged wake no longer counts');

select * from finish();
rollback;

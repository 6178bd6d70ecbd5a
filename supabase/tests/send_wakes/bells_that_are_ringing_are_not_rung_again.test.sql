-- An unacknowledged wake younger than two seconds means that somebody is about to look.
begin;
select plan(4);
select tests.world();

select tests.set('keys', (select string_agg('s' || n, ', ') from generate_series(1, 25) n));
select tests.planned(tests.kept('keys'));
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 3::bigint, 'three are ringing: enough for the second 25');
update goalpost.wakes set acknowledged_at = goalpost_private.clock() where id = (select min(id) from goalpost.wakes where function = 'executor');
select tests.planned(tests.kept('keys'));
select is(tests.wake_count('executor'), 4::bigint, 'one was heard: one more');
select tests.advance_clock('1.9 seconds');
select tests.planned('a');
select is(tests.wake_count('executor'), 4::bigint, 'they ring for two seconds');
select tests.advance_clock('0.1 seconds');
select tests.planned('a');
select is(tests.wake_count('executor'), 5::bigint, 'then they count as unheard');

select * from finish();
rollback;

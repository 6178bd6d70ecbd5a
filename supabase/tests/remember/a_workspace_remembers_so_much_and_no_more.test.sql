-- One more is refused with what to do; what was remembered before is told again all the same.
begin;
select plan(3);
select tests.world();
select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent('analyst'))));
select tests.start(tests.get('run'), 'a');
select tests.wish(tests.get('run'), 'a', n, 'remember', '{"text": "t"}') from generate_series(1, 2) n;
update goalpost_private.limits set max_memories = 1;
create function pg_temp.remember(p_number integer) returns text language sql as $$
  select tests.refusal(format('select goalpost_worker.remember(%s, ''a'', %s, %s, null, null)', tests.get('run'), (tests.step(tests.get('run'), 'a')).lease_epoch, p_number)) $$;
select goalpost_worker.remember(tests.get('run'), 'a', (tests.step(tests.get('run'), 'a')).lease_epoch, 1, null, null);
select is(pg_temp.remember(2), 'ZG006', 'one more is refused');
select is(pg_temp.remember(1), 'none', 'the same again is not');
select is((select count(*) from goalpost.memories), 1::bigint, 'and there is one');

select * from finish();
rollback;

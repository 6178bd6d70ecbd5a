-- A memory over the cap is refused with a message; a repeated call still returns its earlier memory.
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
select is(pg_temp.remember(2), 'ZG006', 'a memory over the cap of one is refused');
select is(pg_temp.remember(1), 'none', 'a repeated call is accepted at the cap');
select is((select count(*) from goalpost.memories), 1::bigint, 'one memory is kept at the cap of one');

select * from finish();
rollback;

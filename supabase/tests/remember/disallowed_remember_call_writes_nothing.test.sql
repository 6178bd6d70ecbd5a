-- A call that waits for a person, was denied, does not exist, or is of another tool.
begin;
select plan(5);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.wish(tests.get('run'), 'a', 1, 'remember', '{"text": "t"}', 'waiting');
select tests.wish(tests.get('run'), 'a', 2, 'remember', '{"text": "t"}', 'denied');
select tests.wish(tests.get('run'), 'a', 3, 'webhook', '{"text": "t"}');
select is(tests.refusal(format('select goalpost_worker.remember(%s, ''a'', %s, %s, null, null)', tests.get('run'), (tests.step(tests.get('run'), 'a')).lease_epoch, n)),
          'ZG003', 'remember is refused for call ' || n) from generate_series(1, 4) n;
select is((select count(*) from goalpost.memories), 0::bigint, 'refused calls write no memory');

select * from finish();
rollback;

-- A worker without the lease neither reads nor writes memories.
begin;
select plan(3);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select tests.memory('invoice');
select tests.wish(tests.get('run'), 'a', 1, 'remember', '{"text": "t"}');
select tests.set('epoch', (tests.step(tests.get('run'), 'a')).lease_epoch);
select tests.finish(tests.get('run'), 'a', 'released');
select tests.start(tests.get('run'), 'a');
select is(tests.refusal(format('select goalpost_worker.recall_memories(%s, ''a'', %s, 0, ''invoice'', null, null)', tests.get('run'), tests.get('epoch'))),
          'ZG009', 'a worker that lost the lease recalls nothing');
select is(tests.refusal(format('select goalpost_worker.remember(%s, ''a'', %s, 1, null, null)', tests.get('run'), tests.get('epoch'))),
          'ZG009', 'a worker that lost the lease remembers nothing');
select is((select count(*) from goalpost.memories), 1::bigint, 'refused calls leave the memories unchanged');

select * from finish();
rollback;

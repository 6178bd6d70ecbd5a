-- A space has to be made before it is used, has an index of its own, and what lives in it is found by it alone.
begin;
select plan(7);
select tests.world();
select tests.keep('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.the('run'), 'a');
select tests.start(tests.the('run'), 'b');

select goalpost_private.add_embedding_space('acme/embedder');
select goalpost_private.add_embedding_space('acme/embedder');
select is((select count(*) from pg_catalog.pg_indexes where indexdef like '%hnsw%acme/embedder%'), 1::bigint, 'an index per space');
select tests.memory('one', 'workspace', '{"axis": 1}');
select tests.memory('two', 'workspace', '{"axis": 1, "space": "acme/embedder"}');
select is(tests.told(tests.the('run'), 'a', '', '{"axis": 1}'), array['one'], 'the one space');
select is(tests.told(tests.the('run'), 'b', '', '{"axis": 1, "space": "acme/embedder"}'), array['two'], 'the other');
create function pg_temp.refused(p_space text, p_embedding text) returns text language sql as $$
  select tests.refusal(format('select goalpost_worker.recall_memories(%s, ''a'', %s, 9, ''q'', %L, %L)',
    tests.the('run'), (tests.step(tests.the('run'), 'a')).lease_epoch, p_space, p_embedding)) $$;
select is(pg_temp.refused('nowhere', tests.along(1)::text), 'ZG003', 'a space that nobody made');
select is(pg_temp.refused('lexical-1', '[1, 2]'), 'ZG003', 'too short');
select is(pg_temp.refused('lexical-1', replace(tests.along(1)::text, '1', '"1"')), 'ZG003', 'no numbers');
select is(pg_temp.refused(null, tests.along(1)::text), 'ZG003', 'no space');

select * from finish();
rollback;

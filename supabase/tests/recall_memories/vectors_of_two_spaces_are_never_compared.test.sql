-- A space is created at its first use, or with an index of its own; its memories are found by queries in that space
-- only.
begin;
select plan(14);
select tests.world();
select tests.set('run', tests.planned('a, b', jsonb_build_object('a', tests.agent('analyst'), 'b', tests.agent('researcher'))));
select tests.start(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'b');

select goalpost_private.add_embedding_space('acme/embedder');
select goalpost_private.add_embedding_space('acme/embedder');
select is((select count(*) from pg_catalog.pg_indexes where indexdef like '%hnsw%acme/embedder%'), 1::bigint, 'a space added twice has one index');
select tests.memory('one', 'workspace', '{"axis": 1}');
select tests.memory('two', 'workspace', '{"axis": 1, "space": "acme/embedder"}');
select is(tests.recalled(tests.get('run'), 'a', '', '{"axis": 1}'), array['one'], 'a query in the first space finds its memory only');
select is(tests.recalled(tests.get('run'), 'b', '', '{"axis": 1, "space": "acme/embedder"}'), array['two'], 'a query in the second space finds its memory only');
create function pg_temp.refused(p_space text, p_embedding text) returns text language sql as $$
  select tests.refusal(format('select goalpost_worker.recall_memories(%s, ''a'', %s, 9, ''q'', %L, %L)',
    tests.get('run'), (tests.step(tests.get('run'), 'a')).lease_epoch, p_space, p_embedding)) $$;
select is(pg_temp.refused(s, tests.along(1)::text), 'ZG003', 'a space is refused with ' || l) from (values ('', 'an empty name'), (repeat('x', 201), 'a name of 201 characters'), (E'a\nb', 'a name of two lines')) v (s, l);
select is(pg_temp.refused('new/model', '[1]'), 'ZG003', 'an embedding that is refused creates no space');
select is((select count(*) from goalpost.embedding_spaces where name = 'new/model'), 0::bigint, 'the space of a refused embedding is not there');
select tests.recalled(tests.get('run'), 'a', '', '{"axis": 1, "space": "new/model", "call_number": 7}');
select is((select count(*) from goalpost.embedding_spaces where name = 'new/model'), 1::bigint, 'a space is created at its first use');
insert into goalpost.embedding_spaces (name) select 'space ' || n from generate_series(1, 100 - (select count(*)::integer from goalpost.embedding_spaces)) n;
select is(pg_temp.refused('one/more', tests.along(1)::text), 'ZG003', 'a project has at most 100 spaces');
select is(pg_temp.refused('new/model', tests.along(1)::text), 'none', 'an existing space is usable at the cap');
select is(pg_temp.refused('lexical-1', '[1, 2]'), 'ZG003', 'an embedding that is too short is refused');
select is(pg_temp.refused('lexical-1', replace(tests.along(1)::text, '1', '"1"')), 'ZG003', 'an embedding of texts is refused');
select is(pg_temp.refused(null, tests.along(1)::text), 'ZG003', 'an embedding without a space is refused');

select * from finish();
rollback;

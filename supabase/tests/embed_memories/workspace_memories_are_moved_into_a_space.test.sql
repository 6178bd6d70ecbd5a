-- A step that is a call of embed_memories gets the memories of its workspace that are not in the space, and keeps vectors.
begin;
select plan(13);
select tests.world();
select tests.set('run', tests.planned('moves, adds', '{"moves": {"input": {"tool": "embed_memories", "arguments": {}}}, "adds": {"input": {"tool": "calculate", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'moves');
select tests.start(tests.get('run'), 'adds');
select tests.set('old', tests.memory('old', 'workspace', '{"axis": 1}'));
select tests.set('without', tests.memory('without', 'workspace', '{}'));
select tests.set('moved', tests.memory('moved', 'workspace', '{"axis": 2, "space": "lexical-1"}'));
select tests.set('foreign', tests.memory('foreign', 'workspace', '{"axis": 1}', 'elsewhere'));
select tests.memory('taken back', 'workspace', '{"trust": "revoked"}');
select tests.memory('over', 'workspace', jsonb_build_object('expires_at', goalpost_private.clock()));

create function pg_temp.embed(p_embedded jsonb, p_limit integer default 32, p_key text default 'moves') returns jsonb language sql as $$
  select goalpost_worker.embed_memories(tests.get('run'), p_key, (tests.step(tests.get('run'), p_key)).lease_epoch, 'acme/new', p_embedded, p_limit) $$;
create function pg_temp.texts(p_answer jsonb) returns text language sql as $$
  select string_agg(m ->> 'text', ' ') from jsonb_array_elements(p_answer -> 'memories') m $$;
create function pg_temp.refused(p_embedded text, p_key text default 'moves') returns text language sql as $$
  select tests.refusal(format('select pg_temp.embed(%L, 32, %L)', p_embedded, p_key)) $$;

select is(pg_temp.texts(pg_temp.embed('[]')), 'moved without old', 'memories that are not in the space are returned, the newest first');
select is(pg_temp.texts(pg_temp.embed('[]', 2)), 'moved without', 'the limit bounds how many memories are returned');
select is(pg_temp.embed('[]', 1) -> 'left_count', '3', 'the answer counts all memories that are left');
select is(pg_temp.texts(pg_temp.embed('[]', 0)), 'moved', 'a limit of zero returns one memory, so that calls make progress');
select is(
  pg_temp.texts(pg_temp.embed(jsonb_build_array(
    jsonb_build_object('memory_id', tests.get('moved'), 'embedding', tests.along(3)),
    jsonb_build_object('memory_id', tests.get('foreign'), 'embedding', tests.along(3))))),
  'without old', 'a memory that received a vector is in the space');
select results_eq(
  format('select m.space, (m.embedding::real[])[3] from goalpost.memories m where id in (%s, %s) order by id', tests.get('moved'), tests.get('foreign')),
  $$ values ('acme/new', 1::real), ('lexical-1', 0::real) $$,
  'the vector is kept, another workspace''s memory unchanged');
select is(
  pg_temp.embed(jsonb_build_array(
    jsonb_build_object('memory_id', tests.get('old'), 'embedding', tests.along(4)),
    jsonb_build_object('memory_id', tests.get('without'), 'embedding', tests.along(4)))),
  '{"memories": [], "left_count": 0, "memory_count": 3}', 'nothing is left in the end, and the space''s memories are counted');
select is(pg_temp.refused('{}'), 'ZG003', 'vectors come in an array');
select is(pg_temp.refused('[{"memory_id": "1"}]'), 'ZG003', 'a memory is named by its number');
select is(pg_temp.refused(format('[{"memory_id": %s, "embedding": [1]}]', tests.get('old'))), 'ZG003', 'a vector has 1,024 numbers');
select is(pg_temp.refused('[]', 'adds'), 'ZG003', 'a step that calls another tool embeds nothing');
select is(
  tests.refusal(format('select goalpost_worker.embed_memories(%s, ''moves'', 9, ''acme/new'', ''[]'')', tests.get('run'))),
  'ZG009', 'a step of an earlier claim embeds nothing');
select is(
  (select count(*) from goalpost.memories where text in ('taken back', 'over') and space is not null), 0::bigint,
  'memories that are revoked or expired are not embedded');

select * from finish();
rollback;

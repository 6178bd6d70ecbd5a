-- A call of embed_memories, or an assessment, gets the runbooks that are not in the space, and keeps their vectors.
begin;
select plan(19);
select tests.world();
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, examples, plan, state) values
  (tests.id_of('acme'), 'zebra', 'Groom a zebra', 'Zebras are groomed', 'care', array['e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7'], '{}', 'active'),
  (tests.id_of('acme'), 'tried', 'On trial', 'On trial', 'care', '{}', '{}', 'candidate'),
  (tests.id_of('acme'), 'old', 'Old', 'Old', 'care', '{}', '{}', 'retired'),
  (tests.id_of('acme'), 'draft', 'Draft', 'Draft', 'care', '{}', '{}', 'draft'),
  (tests.id_of('elsewhere'), 'theirs', 'Theirs', 'Theirs', 'care', '{}', '{}', 'active');
select goalpost_private.publish_builtin_runbook('tests-built-in', 1, 'Built in', 'Built in', 'care', array['first'], false, '{"steps": []}');
select tests.set('run', tests.planned('moves, adds', '{"moves": {"input": {"tool": "embed_memories", "arguments": {}}}, "adds": {"input": {"tool": "calculate", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'moves');
select tests.start(tests.get('run'), 'adds');
create function pg_temp.id(p_name text) returns bigint language sql as $$ select id from goalpost.runbooks where name = p_name order by version desc limit 1 $$;
create function pg_temp.vectors(p_name text, p_count integer) returns jsonb language sql as $$
  select jsonb_build_object('runbook_id', pg_temp.id(p_name), 'embeddings', (select jsonb_agg(tests.along(n)) from generate_series(1, p_count) n)) $$;
create function pg_temp.embed(p_embedded jsonb, p_baseline double precision default null, p_limit integer default 100, p_key text default 'moves') returns jsonb language sql as $$
  select goalpost_worker.embed_runbooks(tests.get('run'), p_key, (tests.step(tests.get('run'), p_key)).lease_epoch, 'acme/new', p_baseline, p_embedded, p_limit) $$;
create function pg_temp.names(p_answer jsonb) returns text[] language sql as $$
  select array_agg(b.name order by b.name) from jsonb_array_elements(p_answer -> 'runbooks') r join goalpost.runbooks b on b.id = (r ->> 'runbook_id')::bigint $$;

select ok(pg_temp.names(pg_temp.embed('[]')) @> array['tests-built-in', 'tried', 'zebra'], 'active runbooks, candidates and built-in ones are returned');
select ok(not pg_temp.names(pg_temp.embed('[]')) && array['old', 'draft', 'theirs'], 'retired ones, drafts and those of other workspaces are not');
select is((select r -> 'texts' from jsonb_array_elements(pg_temp.embed('[]') -> 'runbooks') r where (r ->> 'runbook_id')::bigint = pg_temp.id('zebra')),
  '["Groom a zebra", "Zebras are groomed", "e1", "e2", "e3", "e4", "e5", "e6"]', 'the texts are title, description and the first six examples');
select is(jsonb_array_length(pg_temp.embed('[]', null, 0) -> 'runbooks'), 1, 'a limit of zero returns one runbook, so that calls make progress');
select is(pg_temp.embed('[]') -> 'needs_baseline', 'true', 'a space without a baseline asks for it');
select tests.set('left', (pg_temp.embed('[]') ->> 'left_count')::bigint);
select is(pg_temp.embed(jsonb_build_array(pg_temp.vectors('tried', 2), pg_temp.vectors('tests-built-in', 3)), 0.4) -> 'left_count',
  to_jsonb(tests.get('left') - 2), 'a runbook that received its vectors is in the space');
select is(pg_temp.embed('[]', 0.9) -> 'needs_baseline', 'false', 'a baseline was kept');
select is((select s.baseline from goalpost.embedding_spaces s where s.name = 'acme/new'), 0.4::double precision, 'the first baseline counts');
select results_eq(
  $$ select workspace_id, cardinality(phrases), round(1 - (center operator(extensions.<=>) phrases[1])::numeric, 2) from goalpost.runbook_embeddings e where e.space = 'acme/new' order by runbook_id $$,
  format($$ values (%L::uuid, 2, 0.71), (null, 3, 0.58) $$, tests.id_of('acme')), 'the phrases are kept with their center');
select is((pg_temp.embed('[]') ->> 'runbook_count')::bigint, 2::bigint, 'the runbooks in the space are counted');
select is(pg_temp.embed(jsonb_build_array(pg_temp.vectors('zebra', 2), pg_temp.vectors('theirs', 2), pg_temp.vectors('old', 2))) -> 'runbook_count', '2',
  'vectors of other texts, of another workspace and of a retired runbook are not kept');
select goalpost_private.publish_builtin_runbook('tests-built-in', 1, 'Built in', 'Built in', 'care', array['first'], false, '{"steps": []}');
select is(pg_temp.embed('[]') -> 'runbook_count', '2', 'a built-in runbook that is published unchanged keeps its vectors');
select goalpost_private.publish_builtin_runbook('tests-built-in', 1, 'Built in', 'Built in', 'care', array['second'], false, '{"steps": []}');
select ok(pg_temp.names(pg_temp.embed('[]')) @> array['tests-built-in'], 'a built-in runbook that is published with other texts is embedded again');

select is(tests.refusal($$ select pg_temp.embed('{}') $$), 'ZG003', 'embedded runbooks come in an array');
select is(tests.refusal($$ select pg_temp.embed('[{"runbook_id": "1", "embeddings": []}]') $$), 'ZG003', 'a runbook is named by its number');
select is(tests.refusal(format($$ select pg_temp.embed('[{"runbook_id": %s, "embeddings": [[1], [1], [1]]}]') $$, pg_temp.id('tests-built-in'))), 'ZG003', 'a vector has 1,024 numbers');
select is(tests.refusal($$ select pg_temp.embed('[]', 2) $$), 'ZG003', 'a baseline is a cosine');
select is(tests.refusal($$ select pg_temp.embed('[]', null, 1, 'adds') $$), 'ZG003', 'a step that calls another tool embeds nothing');
select is(tests.refusal(format($$ select goalpost_worker.embed_runbooks(%s, 'moves', 9, 'acme/new', null, '[]') $$, tests.get('run'))), 'ZG009',
  'a step of an earlier claim embeds nothing');

select * from finish();
rollback;

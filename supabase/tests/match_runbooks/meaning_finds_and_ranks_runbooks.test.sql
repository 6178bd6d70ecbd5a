-- With a vector of the question, runbooks are also found and ranked by meaning, in its space alone. No vector excuses a
-- word that the runbook does not cover.
begin;
select plan(19);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, examples, plan) values
  (tests.id_of('acme'), 'zebra', 'Groom a zebra', 'Zebras are groomed', 'care', array['groom my zebra'], '{}'),
  (tests.id_of('acme'), 'okapi', 'Feed an okapi', 'Okapis are fed', 'care', '{}', '{}'),
  (tests.id_of('acme'), 'lemur', 'Wash a lemur', 'Lemurs are washed', 'care', '{}', '{}'),
  (tests.id_of('elsewhere'), 'theirs', 'Groom a horse', 'Horses are groomed', 'care', '{}', '{}');
select tests.embed_runbook('zebra', 'acme/m', 0.8);
select tests.embed_runbook('okapi', 'acme/m', 0.9);
select tests.embed_runbook('lemur', 'acme/m', 0.55);
insert into goalpost.runbook_embeddings (space, runbook_id, workspace_id, phrases, center)
select 'acme/m', b.id, b.workspace_id, array[v.axis], v.axis
  from goalpost.runbooks b, (select tests.toward(1)::text::extensions.halfvec as axis) v where b.name = 'theirs';

create function pg_temp.matched(p_question text, p_space text default 'acme/m', p_axis integer default 1)
returns table (name text, relevance numeric, relevance_by_words numeric, relevance_by_meaning numeric, fit text, reasons jsonb, uncovered text[]) language sql as $$
  select m.name, m.relevance, m.relevance_by_words, m.relevance_by_meaning, m.fit, m.reasons, m.uncovered
    from goalpost_private.match_runbooks(p_question, tests.id_of('acme'), tests.id_of('mia'), null, p_space,
           case when p_space is not null then tests.along(p_axis)::text::extensions.halfvec end) m $$;

select results_eq($$ select name, relevance, relevance_by_words, fit from pg_temp.matched('qqqq') $$,
  $$ values ('okapi', 0.8, 0.0, 'adapt'), ('zebra', 0.6, 0.0, 'adapt') $$,
  'a question without a common word finds the runbooks that are near in meaning, the nearest first');
select is((select relevance_by_meaning from pg_temp.matched('qqqq') where name = 'okapi'), 0.800,
  'a cosine of 0.9 above a baseline of 0.5 is a relevance of 0.8');
select is((select reasons from pg_temp.matched('qqqq') where name = 'okapi'), '["near in meaning: 0.800"]', 'the reason is the nearness in meaning');
select is((select uncovered from pg_temp.matched('qqqq') where name = 'okapi'), array['qqqq'], 'the words that the runbook does not contain are named');
select is((select count(*) from pg_temp.matched('qqqq') where name = 'lemur'), 0::bigint, 'a runbook without a common word that is hardly related is left out');
select is((select count(*) from pg_temp.matched('groom') where name = 'theirs'), 0::bigint, 'the vectors of another workspace are not compared');
select is((select relevance from pg_temp.matched('groom my zebra') where name = 'zebra'),
  (select relevance_by_words from pg_temp.matched('groom my zebra') where name = 'zebra'), 'where words are more similar than meaning, they count');
select is((select fit from pg_temp.matched('groom my zebra') where name = 'zebra'), 'use', 'a runbook that covers the whole question is used');
select is((select fit from pg_temp.matched('feed the okapi qqqq') where name = 'okapi'), 'adapt', 'a near runbook is not used while a word is uncovered');
select is((select fit from pg_temp.matched('do not feed an okapi') where name = 'okapi'), 'adapt', 'a near runbook is not used against a negation');
select is((select fit from pg_temp.matched('an okapi') where name = 'okapi'), 'use', 'a near runbook is used where it leaves no word over');

select is_empty($$ select from pg_temp.matched('qqqq', 'acme/m', 3) where name in ('zebra', 'okapi') $$, 'a vector that points elsewhere finds nothing');
insert into goalpost.embedding_spaces (name, baseline) values ('acme/other', 0.5);
select is_empty($$ select from pg_temp.matched('qqqq', 'acme/other') $$, 'vectors of another space are never compared');
select is_empty($$ select from goalpost_private.nearest_runbooks('acme/other', tests.along(1)::text::extensions.halfvec, tests.id_of('acme'), true, 20) $$,
  'no runbook of another space is retrieved');
select is((select count(*) from goalpost_private.nearest_runbooks('acme/m', tests.along(1)::text::extensions.halfvec, tests.id_of('acme'), true, 2)), 2::bigint,
  'only so many of the nearest runbooks are retrieved as are asked for');
select results_eq($$ select name, relevance_by_meaning from pg_temp.matched('groom my zebra', 'acme/other') $$, $$ values ('zebra', null::numeric) $$,
  'without vectors in its space a question is matched by words');
update goalpost.embedding_spaces set baseline = null where name = 'acme/m';
select results_eq($$ select name, relevance_by_meaning from pg_temp.matched('groom my zebra') $$, $$ values ('zebra', null::numeric) $$,
  'in a space without a baseline words alone count');
update goalpost.embedding_spaces set baseline = 0.5 where name = 'acme/m';
select results_eq($$ select name from pg_temp.matched('groom my zebra', null) $$, $$ values ('zebra') $$, 'without a vector words alone count');
update goalpost.runbooks set state = 'retired' where name = 'okapi';
select is((select string_agg(name, ',') from pg_temp.matched('qqqq')), 'zebra', 'a retired runbook is not found by its vectors');

select * from finish();
rollback;

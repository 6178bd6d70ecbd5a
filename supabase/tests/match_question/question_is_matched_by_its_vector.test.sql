-- Intake sends the vector of a question once: it is kept with the request, and the plan of the goal reads it.
begin;
select plan(15);
select tests.world();
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, examples, plan) values
  (tests.id_of('acme'), 'zebra', 'Groom a zebra', 'Zebras are groomed', 'care', '{}', jsonb_build_object('steps', tests.steps('a')));
select tests.embed_runbook('zebra', 'acme/m', 0.9);

select tests.set('run', tests.ask('mia', 'qqqq'));
select tests.set('request', (tests.request_of(tests.get('run'))).id);
create temp table claimed as select c from jsonb_array_elements(tests.claim('assess')) c;
select is((select c -> 'context' -> 'runbooks' from claimed), '[]', 'a claimed assessment has no runbook by words');
select is((select c -> 'context' -> 'question_space' from claimed), 'null', 'a claimed assessment has no vector yet');

create function pg_temp.match(p_space text, p_embedding jsonb, p_epoch bigint default 1) returns jsonb language sql as $$
  select goalpost_worker.match_question(tests.get('run'), 'assess', p_epoch, p_space, p_embedding) $$;
select is((select string_agg(m ->> 'name', ',') from jsonb_array_elements(pg_temp.match('acme/m', tests.along(1)) -> 'runbooks') m), 'zebra',
  'the question finds the runbook by meaning');
select is(pg_temp.match('acme/m', tests.along(1)) -> 'is_complete', 'false', 'built-in runbooks without vectors are reported');
insert into goalpost.runbook_embeddings (space, runbook_id, workspace_id, phrases, center)
select 'acme/m', b.id, b.workspace_id, array[v.axis], v.axis
  from goalpost_private.runbooks_to_embed(tests.id_of('acme'), 'acme/m') b, (select tests.along(9)::text::extensions.halfvec as axis) v;
select is(pg_temp.match('acme/m', tests.along(1)) -> 'is_complete', 'true', 'with vectors of all runbooks and a baseline nothing is left');
select is((select count(*) from goalpost_private.request_embeddings e where e.request_id = tests.get('request')), 1::bigint, 'a request has one vector');
select is(goalpost_private.context_to_assess(r) ->> 'question_space', 'acme/m', 'a repeated assessment receives the space of the vector')
  from goalpost.workflow_runs r where r.id = tests.get('run');
select tests.set('other', tests.ask('mia', 'wwww'));
select is(goalpost_private.context_to_assess(r) -> 'question_space', 'null', 'another request has no vector')
  from goalpost.workflow_runs r where r.id = tests.get('other');
select is(jsonb_path_query_array(goalpost_private.context_to_assess(r), '$.runbooks[*].name'), '["zebra"]', 'a repeated assessment has the runbooks by meaning')
  from goalpost.workflow_runs r where r.id = tests.get('run');
select is(tests.refusal($$ select pg_temp.match('acme/m', '[1]') $$), 'ZG003', 'a vector has 1,024 numbers');
select is(tests.refusal($$ select pg_temp.match(null, null) $$), 'ZG003', 'a question is matched with a vector');
select is(tests.refusal($$ select pg_temp.match('acme/m', tests.along(1), 9) $$), 'ZG009', 'a worker without the lease matches nothing');

select tests.complete(tests.get('run'), 'assess', '{"decision": "goal", "goal": {"title": "t", "description": "d"}}');
select tests.set('goal_run', (select r.id from goalpost.workflow_runs r join goalpost.goals g on g.id = r.goal_id where g.request_id = tests.get('request')));
select is((select string_agg(m.name || ' ' || m.relevance_by_meaning, ',') from goalpost.workflow_runs r, goalpost_private.match_runbooks_of_run(r) m where r.id = tests.get('goal_run')),
  'zebra 0.800', 'the plan of the goal is matched by the same vector');
select tests.complete(tests.get('goal_run'), 'plan', (select jsonb_build_object('runbook_id', b.id, 'plan', b.plan) from goalpost.runbooks b where b.name = 'zebra'));
select results_eq(
  format('select relevance, relevance_by_words, relevance_by_meaning, is_chosen from goalpost.runbook_matches where run_id = %s', tests.get('goal_run')),
  $$ values (0.800, 0.0, 0.800, true) $$, 'the considered runbook is a row with its relevance by words and by meaning');

select tests.set('plain', tests.planned('a', '{}'));
select tests.start(tests.get('plain'), 'a');
select is(tests.refusal(format($$ select goalpost_worker.match_question(%s, 'a', 1, 'acme/m', tests.along(1)) $$, tests.get('plain'))), 'ZG003',
  'a step of another kind matches no question');

select * from finish();
rollback;

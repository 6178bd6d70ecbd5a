-- Each considered runbook is a row with the parts of its score; the chosen one is marked.
begin;
select plan(6);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, examples, plan) values
  (tests.id_of('acme'), 'zebra', 'Groom a zebra', 'Zebras are groomed', 'care', array['groom my zebra'], jsonb_build_object('steps', tests.steps('a'))),
  (tests.id_of('acme'), 'okapi', 'Feed an okapi and a zebra', 'Feeding', 'care', '{}', jsonb_build_object('steps', tests.steps('a'))),
  (tests.id_of('acme'), 'closed', 'Groom a zebra', 'Zebras', 'closed', '{}', jsonb_build_object('steps', tests.steps('a')));
update goalpost.runbooks set requires_project_admin = true where name = 'closed';
select tests.set('run', tests.goal());
update goalpost.requests set question = 'Groom my zebra' where id = (tests.request_of(tests.get('run'))).id;
select tests.complete(tests.get('run'), 'plan', (select jsonb_build_object('runbook_id', b.id, 'plan', b.plan) from goalpost.runbooks b where b.name = 'zebra'));
create temp table matched as select m.*, b.name from goalpost.runbook_matches m join goalpost.runbooks b on b.id = m.runbook_id where m.run_id = tests.get('run');
select results_eq('select name from matched where is_chosen', array['zebra'], 'the runbook of the plan is marked as chosen');
select is((select string_agg(name || ' ' || fit, ', ' order by name) from matched), 'closed use, okapi adapt, zebra use', 'every considered runbook is a row with its fit');
select matches((select refusal from matched where name = 'closed'), 'project admin', 'a runbook that the person may not use has the reason');
select ok((select bool_and(abs(score - (relevance * type_prior ^ 0.1 * success ^ 0.3 * cost_factor ^ 0.1)) < 0.001) from matched), 'the score is the product of its parts');
select is((select array_agg(position order by position) from matched), array[1, 2, 3], 'the rows are in the order of their scores');
select is(tests.value_for('sam', 'select count(*) from goalpost.runbook_matches'), '0', 'a stranger sees no matches');

select * from finish();
rollback;

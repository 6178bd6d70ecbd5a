-- It looks at the whole project: whoever asked must be an operator of it.
begin;
select plan(3);
select tests.world();

select tests.set('book', goalpost_private.publish_builtin_runbook('tests-audit', 1, 't', 'd', 'g', '{}', true, '{"steps": []}'));
select tests.set('run', tests.goal());
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('runbook_id', tests.get('book'), 'plan', jsonb_build_object('steps', tests.steps('a')))),
  'needs a project admin', 'mia is none');
insert into goalpost.project_admins values (tests.id_of('mia'));
select is(tests.message(tests.get('run'), 'plan', jsonb_build_object('runbook_id', tests.get('book'), 'plan', jsonb_build_object('steps', tests.steps('a')))),
  null, 'now she is');
select is((select runbook_id from goalpost.workflow_runs where id = tests.get('run')), tests.get('book'), 'and the run knows its runbook');

select * from finish();
rollback;

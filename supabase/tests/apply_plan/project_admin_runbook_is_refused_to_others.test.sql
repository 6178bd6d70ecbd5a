-- Such a runbook reads the whole project: the requester must be a project admin.
begin;
select plan(3);
select tests.world();

select tests.set('book', goalpost_private.publish_builtin_runbook('tests-audit', 1, 't', 'd', 'g', '{}', true, '{"steps": []}'));
select tests.set('run', tests.goal());
select matches(tests.message(tests.get('run'), 'plan', jsonb_build_object('runbook_id', tests.get('book'), 'plan', jsonb_build_object('steps', tests.steps('a')))),
  'needs a project admin', 'a requester who is no project admin may not use it');
insert into goalpost.project_admins values (tests.id_of('mia'));
select is(tests.message(tests.get('run'), 'plan', jsonb_build_object('runbook_id', tests.get('book'), 'plan', jsonb_build_object('steps', tests.steps('a')))),
  null, 'a requester who is a project admin may use it');
select is((select runbook_id from goalpost.workflow_runs where id = tests.get('run')), tests.get('book'), 'the run refers to its runbook');

select * from finish();
rollback;

-- A runbook of another workspace and one that does not exist are refused alike.
begin;
select plan(2);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan)
values (tests.id_of('elsewhere'), 'theirs', 't', 'd', 'g', '{}');
select tests.set('run', tests.goal());
select is(tests.message(tests.get('run'), 'plan', jsonb_build_object('runbook_id', (select id from goalpost.runbooks where name = 'theirs'), 'plan', jsonb_build_object('steps', tests.steps('a')))),
  'there is no such runbook', 'a runbook of another workspace is refused');
select is(tests.message(tests.get('run'), 'plan', jsonb_build_object('runbook_id', -5.5, 'plan', jsonb_build_object('steps', tests.steps('a')))),
  'there is no such runbook', 'a runbook id that does not exist is refused');

select * from finish();
rollback;

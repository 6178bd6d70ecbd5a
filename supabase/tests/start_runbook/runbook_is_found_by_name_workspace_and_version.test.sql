-- The workspace's own runbook comes before a built-in one, and the newest active version is used.
begin;
select plan(14);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, version, title, description, goal_type, plan, state) values
  (null, 'shared', 1, 'built in', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active'),
  (tests.id_of('elsewhere'), 'shared', 1, 'elsewhere', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active'),
  (tests.id_of('acme'), 'both', 1, 'first', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active'),
  (tests.id_of('acme'), 'both', 2, 'second', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active'),
  (tests.id_of('acme'), 'both', 3, 'third', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'retired'),
  (null, 'both', 9, 'built in', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active'),
  (null, 'closed', 1, 'for operators', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active');
update goalpost.runbooks set requires_project_admin = true where name = 'closed';
create function pg_temp.found(p_name text, p_workspace text default 'acme') returns text language sql as $$
  select coalesce(f.problem, (f.runbook).title) from goalpost_private.find_runbook(tests.id_of(p_workspace), tests.id_of('mia'), p_name) f $$;
create function pg_temp.sound() returns text language sql as $$
  select string_agg(b.title, ', ' order by b.title) from goalpost.runbooks b where b.name in ('shared', 'both', 'closed') and b.is_sound $$;

select is(pg_temp.sound(), null, 'no runbook is marked as sound before its check');
select is(pg_temp.found('shared'), 'built in', 'a built-in runbook is found where the workspace has none of the name');
select is(pg_temp.sound(), 'built in', 'only the runbook that was found is marked as sound');
select is(pg_temp.found('shared', 'elsewhere'), 'elsewhere', 'a workspace''s own runbook comes before a built-in one');
select is(pg_temp.found('both'), 'second', 'the newest active version of the workspace is found');
select is(pg_temp.found('both', 'elsewhere'), 'built in', 'another workspace finds the built-in one, despite its version');
select matches(pg_temp.found('nothing'), 'there is no runbook called nothing', 'an unknown name is refused with that name');
select matches(pg_temp.found('closed'), 'needs a project admin', 'a runbook for project admins is refused to others');
select is((select is_sound from goalpost.runbooks where name = 'closed'), null, 'a refused runbook is not checked');

-- A checked runbook is not checked again.
create temp sequence checks;
create or replace function goalpost_private.check_plan_of_run(p_plan jsonb, p_run goalpost.workflow_runs) returns jsonb language sql as $$
  select case when nextval('pg_temp.checks') > 0 then '[]'::jsonb end $$;
select is(pg_temp.found('both'), 'second', 'a sound runbook is found again');
select is((select is_called from checks), false, 'a sound runbook is found without a check');
update goalpost.runbooks set is_sound = null where title = 'second';
select is(pg_temp.found('both'), 'second', 'a runbook without a mark is found again');
select is((select is_called from checks), true, 'a runbook without a mark is checked again');
select ok((select is_sound from goalpost.runbooks where title = 'second'), 'the checked runbook is marked as sound again');

select * from finish();
rollback;

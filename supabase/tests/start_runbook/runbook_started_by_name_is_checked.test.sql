-- The newest active version of the workspace's own runbook or a built-in one is used. Its check is kept, and repeated
-- after its plan or the limits have changed.
begin;
select plan(8);
select tests.world();

insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, plan, state) values
  (tests.id_of('elsewhere'), 'theirs', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'active'),
  (tests.id_of('acme'), 'old', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a')), 'retired'),
  (tests.id_of('acme'), 'broken', 't', 'd', 'g', '{"steps": []}', 'active'),
  (tests.id_of('acme'), 'own', 't', 'd', 'g', jsonb_build_object('steps', tests.steps('a, b:a')), 'active');
create function pg_temp.problem(p_name text) returns text language sql as $$
  select (goalpost_private.find_runbook(tests.id_of('acme'), tests.id_of('mia'), p_name)).problem $$;
select isnt(pg_temp.problem('theirs'), null, 'another workspace''s runbook has a problem');
select isnt(pg_temp.problem('old'), null, 'a retired runbook has a problem');
select matches(pg_temp.problem('broken'), 'empty_plan', 'the problem of an unsound runbook names the rule');
select is(pg_temp.problem('own'), null, 'the workspace''s own runbook has no problem');
select ok((select is_sound from goalpost.runbooks where name = 'own'), 'the passed check is stored with the runbook');
update goalpost.runbooks set plan = '{"steps": []}' where name = 'own';
select matches(pg_temp.problem('own'), 'empty_plan', 'the runbook is checked again after its plan changed');
update goalpost.runbooks set plan = jsonb_build_object('steps', tests.steps('a, b:a')) where name = 'own';
select is(pg_temp.problem('own'), null, 'a corrected plan has no problem');
update goalpost_private.limits set max_steps = 1;
select matches(pg_temp.problem('own'), 'too_many_steps', 'the runbook is checked again after the limits changed');

select * from finish();
rollback;

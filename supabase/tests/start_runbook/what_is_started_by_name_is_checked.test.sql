-- The newest active version of one's own workspace or a built-in one; sound when last looked at, and looked at again
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
select isnt(pg_temp.problem('theirs'), null, 'another workspace''s is none');
select isnt(pg_temp.problem('old'), null, 'one that was retired is none');
select matches(pg_temp.problem('broken'), 'empty_plan', 'one that breaks a rule says which');
select is(pg_temp.problem('own'), null, 'one''s own is sound');
select ok((select is_sound from goalpost.runbooks where name = 'own'), 'which is kept');
update goalpost.runbooks set plan = '{"steps": []}' where name = 'own';
select matches(pg_temp.problem('own'), 'empty_plan', 'looked at again after its plan has changed');
update goalpost.runbooks set plan = jsonb_build_object('steps', tests.steps('a, b:a')) where name = 'own';
select is(pg_temp.problem('own'), null, 'sound again');
update goalpost_private.limits set max_steps = 1;
select matches(pg_temp.problem('own'), 'too_many_steps', 'looked at again after the limits have changed');

select * from finish();
rollback;

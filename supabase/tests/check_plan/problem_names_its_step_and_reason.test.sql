-- The model that wrote the plan reads it.
begin;
select plan(1);
select tests.world();

select is(
  goalpost_private.check_plan(jsonb_build_object('steps', tests.steps('a, b:zzz')), '{}', array['sql'], '{}', (select l from goalpost_private.limits l)),
  '[{"code": "unknown_dependency", "step_key": "b", "message": "depends_on names a step that is not in the plan"}]', 'a problem has a code, a step and a message');

select * from finish();
rollback;

-- A plan may depend on steps that an earlier plan of the run has completed.
begin;
select plan(3);

create function pg_temp.codes(p_completed text[]) returns text language sql as $$
  select string_agg(c ->> 'code', ' ') from jsonb_array_elements(goalpost_private.check_plan(
    jsonb_build_object('steps', tests.steps('b:old, c:old+b')), '{}', array['sql'], array['old'], (select l from goalpost_private.limits l), p_completed)) c $$;
select is(pg_temp.codes('{old}'), null, 'a completed step of an earlier plan may be named');
select is(pg_temp.codes('{}'), 'unknown_dependency unknown_dependency', 'a step that is not completed may not be named');
update goalpost_private.limits set max_fan_out = 1;
select is(pg_temp.codes('{old}'), null, 'a completed step does not count towards the plan''s fan-out');

select * from finish();
rollback;

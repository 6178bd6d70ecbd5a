-- The next state of a lesson's improvement, at each bound of its rules.
begin;
select plan(12);

create function pg_temp.next(p_state text, p_uses integer, p_successes integer) returns text language sql as $$
  select j.state || coalesce(' ' || j.reason, '')
    from goalpost_private.judge_lesson(jsonb_populate_record(null::goalpost.improvements, jsonb_build_object('state', p_state)),
           jsonb_build_object('uses', p_uses, 'successes', p_successes)) j $$;
select is(pg_temp.next('applied', 2, 2), 'applied', 'two uses show nothing');
select is(pg_temp.next('applied', 3, 0), 'measured', 'three show an effect');
select is(pg_temp.next('applied', 4, 0), 'measured', 'four failures are too few to revert it');
select is(pg_temp.next('applied', 5, 2), 'reverted 2 of the 5 runs that received it succeeded', 'below half of five it is reverted');
select is(pg_temp.next('measured', 6, 3), 'measured', 'half is enough');
select is(pg_temp.next('kept', 20, 9), 'reverted 9 of the 20 runs that received it succeeded', 'also what was kept');
select is(pg_temp.next('applied', 9, 9), 'measured', 'nine are not ten');
select is(pg_temp.next('applied', 10, 9), 'kept', 'after ten uses it is kept');
select is(pg_temp.next('measured', 10, 9), 'kept', 'from either state');
select is(pg_temp.next('measured', 3, 3), 'measured', 'what is measured stays so');
select is(pg_temp.next('kept', 3, 3), 'kept', 'what is kept stays');
select is(pg_temp.next('approved', 20, 20), 'approved', 'another state stays');

select * from finish();
rollback;

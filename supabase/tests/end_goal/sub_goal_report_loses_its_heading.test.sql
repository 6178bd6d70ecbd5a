-- A sub-goal's report is a part of the one above, which has a heading of its own.
begin;
select plan(3);
select tests.world();

create function pg_temp.text_of(p_report text) returns text language plpgsql as $$
declare v_run bigint := tests.planned('sub', jsonb_build_object('sub', tests.subgoal())); v_below bigint := tests.run_below(v_run, 'sub');
begin
  perform tests.do_complete(v_below, 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('x'))));
  perform tests.do_complete(v_below, 'x');
  perform tests.do_complete(v_below, 'judge', jsonb_build_object('decision', 'complete', 'report', p_report));
  return (tests.step(v_run, 'sub')).result ->> 'text';
end $$;
select is(pg_temp.text_of(E'# The lamps\n\nThey sell well.\n\n# Again\n'), E'They sell well.\n\n# Again\n', 'only the heading at the beginning is left out');
select is(pg_temp.text_of(E'## Part\n\n#hash stays'), E'## Part\n\n#hash stays', 'a heading of the second level stays');
select is(pg_temp.text_of('#1 seller: lamps'), '#1 seller: lamps', 'a number sign without a space is no heading');

select * from finish();
rollback;

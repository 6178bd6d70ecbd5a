-- Results that contradict each other are kept with the goal's result, and the report lists them.
begin;
select plan(3);
select tests.world(p_bystanders => false);

create function pg_temp.contradictions(p_result jsonb) returns jsonb language plpgsql as $$
declare
  v_run_id bigint := tests.planned('a', '{}', '["one"]');
begin
  perform tests.do_complete(v_run_id, 'a');
  perform tests.do_complete(v_run_id, 'judge', jsonb_build_object('decision', 'complete', 'report', '# Done', 'result', p_result,
    'verdicts', '[{"number": 1, "verdict": "met"}]'::jsonb));
  return tests.json_for('mia', format('select goalpost.read_report(%s)', (tests.goal_of(v_run_id)).id)) -> 'contradictions';
end
$$;
select is(pg_temp.contradictions('{"contradictions": [{"steps": ["a", "b"], "difference": "3 and 4"}]}'),
          '[{"steps": ["a", "b"], "difference": "3 and 4"}]', 'contradictions of a judgement are in the report');
select is(pg_temp.contradictions('{"n": 1}'), '[]', 'a judgement without contradictions has none in its report');
select is(pg_temp.contradictions('{"contradictions": "many"}'), '[]', 'contradictions that are no list are left out');

select * from finish();
rollback;

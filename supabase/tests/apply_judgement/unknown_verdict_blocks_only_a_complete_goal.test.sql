-- A person is asked about an unknown verdict only where the goal would be complete. A judge that plans again, gives up,
-- or reports on a failure causes no question.
begin;
select plan(6);
select tests.world();

create function pg_temp.judged(p_decision text, p_fails boolean default false) returns text language plpgsql as $$
declare
  v_run_id bigint := tests.planned('a', '{}', '["one", "two"]');
begin
  if p_fails then
    perform tests.do_fail(v_run_id, 'a');
  else
    perform tests.do_complete(v_run_id, 'a');
  end if;
  perform tests.do_complete(v_run_id, 'judge', jsonb_build_object('decision', p_decision, 'reason', 'r', 'report', '# r',
    'verdicts', '[{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unknown"}]'::jsonb));
  return (select string_agg(s.key || '=' || s.state, ' ' order by s.key) from goalpost.steps s where s.run_id = v_run_id and s.key <> 'plan')
         || ' ' || tests.run_state(v_run_id);
end
$$;
select is(pg_temp.judged('complete'), 'a=completed judge=waiting running', 'a goal that would be complete waits for a person');
select is(pg_temp.judged('replan'), 'a=completed judge=completed plan_2=ready running', 'a judge that plans again does not ask about an unknown verdict');
select is(pg_temp.judged('fail'), 'a=completed judge=completed failed', 'a judge that gives up does not ask about an unknown verdict');
select is(pg_temp.judged('complete', true), 'a=failed judge=completed failed', 'a judge that reports a failure does not ask about a verdict');
select is(pg_temp.judged('replan', true), 'a=failed judge=completed failed', 'a judge of a failed run reports and does not plan again');
select is((select count(*) from goalpost.approvals a where a.workspace_id = tests.id_of('acme')), 1::bigint, 'one approval exists after all five cases');

select * from finish();
rollback;

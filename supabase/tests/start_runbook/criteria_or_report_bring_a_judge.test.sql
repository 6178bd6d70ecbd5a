-- The last step of a runbook ends its run, unless there are criteria or a report.
begin;
select plan(6);
select tests.world();

create function pg_temp.last_key(p_more jsonb, p_steps text default 'a, b:a') returns text language sql as $$
  select coalesce(goalpost_private.single_final_key(jsonb_build_object('steps', tests.steps(p_steps)) || p_more), 'judge') $$;
select is(pg_temp.last_key('{}'), 'b', 'a runbook without criteria ends with its last step');
select is(pg_temp.last_key('{"criteria": []}'), 'b', 'an empty list of criteria counts as none');
select is(pg_temp.last_key('{"criteria": ["good"]}'), 'judge', 'a runbook with a criterion ends with a judgement');
select is(pg_temp.last_key('{"report": {"sections": []}}'), 'judge', 'a runbook with a report ends with a judgement');
select is(pg_temp.last_key('{}', 'a, b'), 'judge', 'a runbook with two last steps ends with a judgement');
select is(pg_temp.last_key('{"criteria": null, "report": null}'), 'b', 'null as criteria and report counts as none');

select * from finish();
rollback;

-- The cause is that of a step of the run itself, even if another run failed later with the same code.
begin;
select plan(2);
select tests.world();

create function pg_temp.failed(p_cause text, p_ended_at timestamptz) returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.bare_run();
begin
  perform tests.bare_step(v_run_id, 'a', 'failed', 'subgoal');
  update goalpost.steps set ended_at = p_ended_at, error = jsonb_build_object('code', 'sub_goal_failed', 'cause', p_cause)
   where run_id = v_run_id;
  update goalpost.workflow_runs set reason_code = 'sub_goal_failed' where id = v_run_id;
  return v_run_id;
end $$;
create function pg_temp.cause(p_name text) returns text language sql as $$
  select goalpost_private.cause_of_failure(r) from goalpost.workflow_runs r where r.id = tests.get(p_name) $$;
select tests.set('one', pg_temp.failed('plan_refused', goalpost_private.clock()));
select tests.set('two', pg_temp.failed('model_wrong_key', goalpost_private.clock() + interval '1 minute'));
select is(pg_temp.cause('one'), 'plan_refused', 'a run has the cause of its own step, though another run has failed later');
select is(pg_temp.cause('two'), 'model_wrong_key', 'the run that failed later has its own step''s cause');

select * from finish();
rollback;

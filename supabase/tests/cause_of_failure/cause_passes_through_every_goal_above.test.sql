-- A failure that another plan cannot avoid passes through every goal above.
begin;
select plan(5);
select tests.world();

create function pg_temp.fail_plan(p_run bigint, p_code text) returns void language plpgsql as $$
begin
  perform tests.start(p_run, 'plan');
  perform tests.fail(p_run, 'plan', jsonb_build_object('code', p_code, 'message', 'no', 'retryable', false));
  perform tests.advance_clock('1 second');
end $$;
create function pg_temp.soft_and(p_key text, p_step jsonb) returns jsonb language sql as $$
  select jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('soft, ' || p_key,
    jsonb_build_object('soft', tests.subgoal() || '{"on_failure": "continue"}', p_key, p_step)))) $$;

select tests.set('top', tests.planned('deep', jsonb_build_object('deep', tests.subgoal())));
select tests.set('middle', tests.run_below(tests.get('top'), 'deep'));
select tests.do_complete(tests.get('middle'), 'plan', pg_temp.soft_and('below', tests.subgoal()));
select tests.set('bottom', tests.run_below(tests.get('middle'), 'below'));
select pg_temp.fail_plan(tests.run_below(tests.get('middle'), 'soft'), 'plan_refused');
select is((tests.step(tests.get('middle'), 'soft')).error ->> 'cause', 'plan_refused', 'a sub-goal''s step names the cause');
select pg_temp.fail_plan(tests.get('bottom'), 'model_wrong_key');
select is((tests.step(tests.get('middle'), 'below')).error ->> 'cause', 'model_wrong_key', 'the step above the failed goal has its cause');
select tests.do_complete(tests.get('middle'), 'judge', '{"decision": "fail", "report": "r"}');
select is((tests.step(tests.get('top'), 'deep')).error ->> 'cause', 'model_wrong_key', 'two levels above, the cause is of the step that ended the run');
select is((tests.step(tests.get('top'), 'deep')).error ->> 'code', 'sub_goal_failed', 'two levels above, the error code is sub_goal_failed');

select tests.set('own_top', tests.planned('deep', jsonb_build_object('deep', tests.subgoal())));
select tests.set('own', tests.run_below(tests.get('own_top'), 'deep'));
select tests.do_complete(tests.get('own'), 'plan', pg_temp.soft_and('tool', '{}'));
select pg_temp.fail_plan(tests.run_below(tests.get('own'), 'soft'), 'plan_refused');
select tests.do_fail(tests.get('own'), 'tool');
select tests.do_complete(tests.get('own'), 'judge', '{"decision": "fail", "report": "r"}');
select is((tests.step(tests.get('own_top'), 'deep')).error ->> 'cause', 'broken', 'the cause is the run''s own failed step, not a tolerated sub-goal');

select * from finish();
rollback;

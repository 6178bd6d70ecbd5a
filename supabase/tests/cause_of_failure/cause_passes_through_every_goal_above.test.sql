-- What another plan cannot mend at the bottom, none above it can.
begin;
select plan(5);
select tests.world();

create function pg_temp.fail_plan(p_run bigint, p_code text) returns void language plpgsql as $$
begin
  perform tests.start(p_run, 'plan');
  perform tests.fail(p_run, 'plan', jsonb_build_object('code', p_code, 'message', 'no', 'retryable', false));
  perform tests.pass('1 second');
end $$;
create function pg_temp.soft_and(p_key text, p_step jsonb) returns jsonb language sql as $$
  select jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('soft, ' || p_key,
    jsonb_build_object('soft', tests.subgoal() || '{"on_failure": "continue"}', p_key, p_step)))) $$;

select tests.keep('top', tests.planned('deep', jsonb_build_object('deep', tests.subgoal())));
select tests.keep('middle', tests.run_below(tests.the('top'), 'deep'));
select tests.do_complete(tests.the('middle'), 'plan', pg_temp.soft_and('below', tests.subgoal()));
select tests.keep('bottom', tests.run_below(tests.the('middle'), 'below'));
select pg_temp.fail_plan(tests.run_below(tests.the('middle'), 'soft'), 'plan_refused');
select is((tests.step(tests.the('middle'), 'soft')).error ->> 'cause', 'plan_refused', 'a sub-goal''s step names the cause');
select pg_temp.fail_plan(tests.the('bottom'), 'model_wrong_key');
select is((tests.step(tests.the('middle'), 'below')).error ->> 'cause', 'model_wrong_key', 'the step above the goal that failed');
select tests.do_complete(tests.the('middle'), 'judge', '{"decision": "fail", "report": "r"}');
select is((tests.step(tests.the('top'), 'deep')).error ->> 'cause', 'model_wrong_key', 'and the one above that: of several, what ended the run');
select is((tests.step(tests.the('top'), 'deep')).error ->> 'code', 'sub_goal_failed', 'whose code says that a sub-goal failed');

select tests.keep('own_top', tests.planned('deep', jsonb_build_object('deep', tests.subgoal())));
select tests.keep('own', tests.run_below(tests.the('own_top'), 'deep'));
select tests.do_complete(tests.the('own'), 'plan', pg_temp.soft_and('tool', '{}'));
select pg_temp.fail_plan(tests.run_below(tests.the('own'), 'soft'), 'plan_refused');
select tests.do_fail(tests.the('own'), 'tool');
select tests.do_complete(tests.the('own'), 'judge', '{"decision": "fail", "report": "r"}');
select is((tests.step(tests.the('own_top'), 'deep')).error ->> 'cause', 'broken', 'a step of its own that ended the run is the cause, and not a sub-goal that it went on without');

select * from finish();
rollback;

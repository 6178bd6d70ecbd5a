-- What another plan cannot mend at the bottom, none above it can.
begin;
select plan(4);
select tests.world();

select tests.keep('top', tests.planned('deep, other', jsonb_build_object('deep', tests.subgoal(), 'other', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.keep('middle', tests.run_below(tests.the('top'), 'deep'));
select tests.do_complete(tests.the('middle'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('below', jsonb_build_object('below', tests.subgoal())))));
select tests.keep('bottom', tests.run_below(tests.the('middle'), 'below'));
select tests.keep('beside', tests.run_below(tests.the('top'), 'other'));
select tests.start(tests.the('beside'), 'plan');
select tests.fail(tests.the('beside'), 'plan', '{"code": "plan_refused", "message": "no", "retryable": false}');
select is((tests.step(tests.the('top'), 'other')).error ->> 'cause', 'plan_refused', 'a sub-goal''s step names the cause');
select tests.start(tests.the('bottom'), 'plan');
select tests.fail(tests.the('bottom'), 'plan', '{"code": "model_wrong_key", "message": "no", "retryable": false}');
select is((tests.step(tests.the('middle'), 'below')).error ->> 'cause', 'model_wrong_key', 'the step above the goal that failed');
select tests.do_complete(tests.the('middle'), 'judge', '{"decision": "fail", "report": "r"}');
select is((tests.step(tests.the('top'), 'deep')).error ->> 'cause', 'model_wrong_key', 'and the one above that');
select is((tests.step(tests.the('top'), 'deep')).error ->> 'code', 'sub_goal_failed', 'whose code says that a sub-goal failed');

select * from finish();
rollback;

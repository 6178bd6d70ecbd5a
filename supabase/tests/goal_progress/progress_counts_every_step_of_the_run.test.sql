-- Each step counts one, plan and judge included: ended is 1, all else 0; at least three are expected.
begin;
select plan(6);
select tests.world();

select tests.set('run', tests.goal());
create function pg_temp.now_is() returns text language sql as $$
  select p.progress || ' | ' || p.steps_ended || '/' || p.steps_total || ' | ' || p.explanation
    from goalpost.goal_progress p where p.goal_id = (tests.goal_of(tests.get('run'))).id $$;
select is(pg_temp.now_is(), '0.000 | 0/1 | 0 of 1 steps ended', 'progress is zero before the plan is made');
select tests.do_complete(tests.get('run'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a, ap, b:a', jsonb_build_object('ap', tests.approval('{"on_reject": "continue"}'), 'a', '{"on_failure": "continue"}'::jsonb)))));
select is(pg_temp.now_is(), '0.200 | 1/5 | 1 of 5 steps ended, 1 waiting for a decision', 'a completed plan counts as one of five steps');
select tests.start(tests.get('run'), 'a');
select is(pg_temp.now_is(), '0.200 | 1/5 | 1 of 5 steps ended, 1 running, 1 waiting for a decision', 'a running step does not count as ended');
select tests.do_fail(tests.get('run'), 'a');
select is(pg_temp.now_is(), '0.600 | 3/5 | 3 of 5 steps ended, 1 waiting for a decision, 1 failed', 'a failed step and its skipped dependent count as ended');
select tests.value_for('petra', format('select goalpost.decide_approval(%s, ''approved'')', (tests.approval_of(tests.get('run'), 'ap')).id));
select is(pg_temp.now_is(), '0.800 | 4/5 | 4 of 5 steps ended, 1 failed', 'an approved step counts as ended');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "r"}');
select is(pg_temp.now_is(), '1 | 5/5 | 5 of 5 steps ended, 1 failed', 'a completed goal has the progress one');

select * from finish();
rollback;

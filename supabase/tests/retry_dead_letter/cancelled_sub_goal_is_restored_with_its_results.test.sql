-- A retry restores the same goal and run: completed steps stay, and calls keep their keys.
begin;
select plan(13);
select tests.world();

create function pg_temp.goals() returns bigint language sql as $$ select count(*) from goalpost.goals g where g.parent_run_id is not null $$;
select tests.set('run', tests.planned('sub, bad', jsonb_build_object('sub', tests.subgoal())));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.do_complete(tests.get('below'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps',
  tests.steps('post, y:post, deeper:post', jsonb_build_object('deeper', tests.subgoal())))));
select tests.do_complete(tests.get('below'), 'post', '{"status": 200}');
select tests.set('deeper', tests.run_below(tests.get('below'), 'deeper'));
select tests.start(tests.get('below'), 'y');
select tests.do_fail(tests.get('run'), 'bad');
select tests.report_failure(tests.get('run'));
select is(tests.run_state(tests.get('below')) || ' ' || tests.run_state(tests.get('deeper')), 'cancelled cancelled', 'the sub-goals are cancelled with the run above');
select tests.set('epoch', (tests.step(tests.get('below'), 'y')).lease_epoch);
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'bad')));
select is(pg_temp.goals(), 2::bigint, 'the retry opens no new goal');
select is(tests.run_below(tests.get('run'), 'sub'), tests.get('below'), 'the step has its earlier sub-goal');
select is(tests.run_state(tests.get('below')) || ' ' || tests.run_state(tests.get('deeper')), 'running running', 'the runs of the sub-goals are running again');
select is((tests.goal_of(tests.get('below'))).state || ' ' || (tests.goal_of(tests.get('deeper'))).state, 'active active', 'the sub-goals are active again');
select is(tests.states(tests.get('below')), 'deeper=waiting judge=pending post=completed y=ready', 'completed steps stay completed, and cancelled ones go on');
select is(tests.states(tests.get('run')), 'bad=ready judge=pending sub=waiting', 'the step above waits for its sub-goal again');
select is((tests.step(tests.get('below'), 'y')).lease_epoch, tests.get('epoch'), 'the epoch still excludes the earlier worker');
select ok((select r.deadline_at from goalpost.workflow_runs r where r.id = tests.get('below')) > goalpost_private.clock(), 'the restored run has a deadline in the future');
select tests.do_complete(tests.get('below'), 'y');
select tests.do_complete(tests.get('deeper'), 'plan', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('z'))));
select tests.do_complete(tests.get('deeper'), 'z');
select tests.do_complete(tests.get('deeper'), 'judge', '{"decision": "complete", "report": "r"}');
select tests.do_complete(tests.get('below'), 'judge', '{"decision": "complete", "report": "r"}');
select is(tests.state(tests.get('run'), 'sub'), 'completed', 'the end of the sub-goal completes the step above');

-- A sub-goal that a person cancelled is not restored.
select tests.set('run', tests.planned('sub, bad, c:sub', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.set('below', tests.run_below(tests.get('run'), 'sub'));
select tests.value_for('mia', format('select goalpost.cancel_goal(%s)', (tests.goal_of(tests.get('below'))).id));
select is(tests.state(tests.get('run'), 'sub'), 'failed', 'the step of a sub-goal cancelled by a person fails');
select tests.do_fail(tests.get('run'), 'bad');
select tests.report_failure(tests.get('run'));
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'bad')));
select is(tests.run_state(tests.get('below')), 'cancelled', 'a sub-goal cancelled by a person stays cancelled');
select is(tests.state(tests.get('run'), 'sub'), 'failed', 'the step of that sub-goal stays failed after the retry');

select * from finish();
rollback;

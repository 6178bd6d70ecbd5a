-- Calls that the end of a run closed are reopened with their step: under their own number, in their own run, in their
-- earlier state.
begin;
select plan(7);
select tests.world();
select tests.tools();

create function pg_temp.calls(p_run_id bigint) returns text language sql as $$
  select string_agg(c.step_key || c.number || '=' || c.state, ' ' order by c.step_key, c.number) from goalpost.tool_calls c where c.run_id = p_run_id $$;
create function pg_temp.busy() returns bigint language plpgsql as $$
declare
  v_run_id bigint := tests.planned('a, b, bad, soft', jsonb_build_object('a', tests.agent('hand'), 'b', tests.agent('hand'), 'soft', tests.agent('hand') || '{"on_failure": "continue"}'));
begin
  perform tests.start(v_run_id, 'a');
  perform tests.call(v_run_id, 'a', 'running', 'send');
  perform tests.call(v_run_id, 'a', 'intended', 'look');
  perform tests.call(v_run_id, 'b', 'done', 'send');
  perform tests.call(v_run_id, 'soft', 'intended', 'look');
  perform tests.do_fail(v_run_id, 'soft');
  perform tests.do_fail(v_run_id, 'bad');
  perform tests.report_failure(v_run_id);
  return v_run_id;
end
$$;
select tests.set('other', pg_temp.busy());
select tests.set('run', pg_temp.busy());
select is(pg_temp.calls(tests.get('run')), 'a1=failed a2=failed b1=done soft1=failed', 'the end of the run closes open calls');
select tests.policy_decides('deny', 'never');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('run'), 'bad')));
select is(pg_temp.calls(tests.get('run')), 'a1=unknown a2=intended b1=done soft1=failed', 'calls are reopened, but not in a step that stays failed');
select is((select c.rule from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.number = 2), 'default', 'a reopened call is not decided again');
select is(pg_temp.calls(tests.get('other')), 'a1=failed a2=failed b1=done soft1=failed', 'calls of another failed run stay closed');

-- With a second plan, the judge of the first is not reopened.
select tests.set('two', tests.planned('a', '{}', '["good"]'));
select tests.do_complete(tests.get('two'), 'a');
select tests.do_complete(tests.get('two'), 'judge', '{"decision": "replan", "reason": "not good", "verdicts": [{"number": 1, "verdict": "unmet"}]}');
select tests.do_complete(tests.get('two'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a2, b2:a2'))));
select tests.do_fail(tests.get('two'), 'a2');
select tests.do_complete(tests.get('two'), 'judge_2', '{"decision": "fail", "reason": "r", "report": "# r"}');
select tests.value_for('mia', format('select goalpost.retry_dead_letter(%s)', tests.dead_letter_of(tests.get('two'), 'a2')));
select is(tests.state(tests.get('two'), 'judge'), 'completed', 'the judge of an earlier plan stays completed');
select is(tests.state(tests.get('two'), 'judge_2') || ' ' || tests.state(tests.get('two'), 'b2'), 'pending pending', 'the judge of the current plan is pending again');
select is((tests.step(tests.get('two'), 'judge_2')).attempt, 2, 'the judge of the current plan has another attempt');

select * from finish();
rollback;

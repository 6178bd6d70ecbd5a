-- A failed step does not end the run at once: open steps are cancelled, and the judge reports first.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a', jsonb_build_object('b', tests.approval()), '["one"]'));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=failed b=cancelled c=cancelled judge=ready', 'the judge is ready, everything else is cancelled');
select is((tests.approval_of(tests.get('run'), 'b')).state, 'cancelled', 'the open approval is cancelled');
select is(tests.run_state(tests.get('run')), 'running', 'the run has not ended yet');
select is(tests.claim('judge') #>> '{0,context,failure}', 'step a failed: it broke', 'the judge receives the reason');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Partly done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met"}]}');
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails despite the judge''s decision to complete');
select is((tests.goal_of(tests.get('run'))).reason, 'step a failed: it broke', 'the goal has the reason of the failed step');
select is((tests.goal_of(tests.get('run'))).report, '# Partly done', 'the failed goal keeps the judge''s report');
select is((tests.request_of(tests.get('run'))).answer_text, '# Partly done', 'the request shows the report');
select is((select verdict from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id), 'met', 'the failed goal keeps the judge''s verdict');

select * from finish();
rollback;

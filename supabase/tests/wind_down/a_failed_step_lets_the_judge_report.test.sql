-- A failed step does not end the run at once: what is open is cancelled, and the judge reports first.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a', jsonb_build_object('b', tests.approval()), '["one"]'));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=failed b=cancelled c=cancelled judge=ready', 'the judge is ready, everything else is cancelled');
select is((tests.approval_of(tests.get('run'), 'b')).state, 'cancelled', 'nobody is asked to decide any more');
select is(tests.run_state(tests.get('run')), 'running', 'the run has not ended yet');
select is(tests.claim('judge') #>> '{0,context,failure}', 'step a failed: it broke', 'the judge receives the reason');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Partly done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met"}]}');
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails, whatever the judge decided');
select is((tests.goal_of(tests.get('run'))).reason, 'step a failed: it broke', 'the goal has the reason of the failed step');
select is((tests.goal_of(tests.get('run'))).report, '# Partly done', 'the report is kept');
select is((tests.request_of(tests.get('run'))).answer_text, '# Partly done', 'the request shows the report');
select is((select verdict from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id), 'met', 'the verdict is kept');

select * from finish();
rollback;

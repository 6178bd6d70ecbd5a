-- Verdicts, report and result; run, goal and request end together, agents are closed.
begin;
select plan(8);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent()), '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select is(tests.complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met", "evidence": "seen"}, {"number": 2, "verdict": "met"}]}'), 'accepted', 'accepted');
select is((tests.goal_of(tests.get('run'))).state, 'completed', 'the goal');
select is((tests.goal_of(tests.get('run'))).report, '# Done', 'its report');
select is((tests.goal_of(tests.get('run'))).result, '{"n": 1}', 'its result');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'the request');
select is((tests.request_of(tests.get('run'))).answer_text, '# Done', 'its answer');
select results_eq(
  format('select number, verdict, evidence from goalpost.goal_criteria where goal_id = %s order by 1', (tests.goal_of(tests.get('run'))).id),
  $$ values (1, 'met', 'seen'), (2, 'met', null) $$, 'the verdicts');
select is_empty('select from goalpost.agent_instances where state = ''open''', 'no agent is left open');

select * from finish();
rollback;

-- Verdicts, report and result; run, goal and request end together, agents are closed.
begin;
select plan(8);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', jsonb_build_object('a', tests.agent()), '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select is(tests.complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met", "evidence": "seen"}, {"number": 2, "verdict": "met"}]}'), 'accepted', 'the judgement of a reached goal is accepted');
select is((tests.goal_of(tests.get('run'))).state, 'completed', 'the reached goal is completed');
select is((tests.goal_of(tests.get('run'))).report, '# Done', 'the reached goal has the judge''s report');
select is((tests.goal_of(tests.get('run'))).result, '{"n": 1}', 'the reached goal has the judge''s result');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'the request of a reached goal is answered');
select is((tests.request_of(tests.get('run'))).answer_text, '# Done', 'the answer of the request is the report');
select results_eq(
  format('select number, verdict, evidence from goalpost.goal_criteria where goal_id = %s order by 1', (tests.goal_of(tests.get('run'))).id),
  $$ values (1, 'met', 'seen'), (2, 'met', null) $$, 'the criteria have the verdicts and evidence of the judge');
select is_empty('select from goalpost.agent_instances where state = ''open''', 'no agent is left open when the goal is completed');

select * from finish();
rollback;

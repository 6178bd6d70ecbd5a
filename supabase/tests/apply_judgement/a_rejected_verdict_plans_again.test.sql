-- Code and model could not judge a criterion: a rejection means unmet, and the comment is the reason of the next plan.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unknown", "evidence": "not measured"}]}');
select tests.value_for('mia', format('select goalpost.decide_approval(%s, ''rejected'', ''the lamps are missing'')', (tests.approval_of(tests.get('run'), 'judge')).id));
select is(tests.state(tests.get('run'), 'plan_2'), 'ready', 'a rejected verdict makes the next plan step ready');
select is((tests.step(tests.get('run'), 'plan_2')).input ->> 'reason', 'not met: two. the lamps are missing', 'the next planner receives the comment');
select is((select verdict from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id and number = 2), 'unmet', 'a criterion whose verdict is rejected is unmet');

select tests.do_complete(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('criteria', '["one", "two"]'::jsonb, 'steps', tests.steps('a2'))));
select tests.do_complete(tests.get('run'), 'a2');
select tests.do_complete(tests.get('run'), 'judge_2', '{"decision": "complete", "verdicts": [{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unknown"}]}');
select tests.value_for('mia', format('select goalpost.decide_approval(%s, ''rejected'', ''still none'')', (tests.approval_of(tests.get('run'), 'judge_2')).id));
select is((tests.step(tests.get('run'), 'plan_3')).input ->> 'reason', 'not met: two. still none', 'comments on an earlier judgement are not repeated');

select * from finish();
rollback;

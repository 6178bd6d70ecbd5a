-- plan_2, plan_3, then no more: the goal fails with its last report.
begin;
select plan(10);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["good"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "replan", "reason": "not good", "verdicts": [{"number": 1, "verdict": "unmet", "evidence": "bad"}]}');
select is(tests.state(tests.get('run'), 'plan_2'), 'ready', 'unmet criteria make a second plan step ready');
select is((select verdict from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id), 'unmet', 'the verdict of the first plan is kept for the next');
select tests.do_complete(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('criteria', '["easier"]'::jsonb, 'steps', tests.steps('a2, b2:a2'))));
select is((tests.step(tests.get('run'), 'a2')).revision, 2, 'steps of the second plan have revision 2');
select is((tests.step(tests.get('run'), 'judge_2')).remaining_dependencies, 1, 'the judge of the second plan waits for that plan''s ends alone');
select set_eq(format('select description from goalpost.goal_criteria where goal_id = %s', (tests.goal_of(tests.get('run'))).id), array['good'], 'the criteria are those of the first plan');
select tests.do_complete(tests.get('run'), 'a2');
select tests.do_complete(tests.get('run'), 'b2');
select tests.do_complete(tests.get('run'), 'judge_2', '{"decision": "replan"}');
select tests.do_complete(tests.get('run'), 'plan_3', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a3'))));
select tests.do_complete(tests.get('run'), 'a3');
select tests.do_complete(tests.get('run'), 'judge_3', '{"decision": "replan", "report": "half of it", "result": {"half": true}}');
select is(tests.run_state(tests.get('run')), 'failed', 'the run fails after two revisions');
select is((tests.goal_of(tests.get('run'))).report, 'half of it', 'the failed goal keeps the last report');
select is((tests.goal_of(tests.get('run'))).reason, 'its criteria were not met', 'the reason of the failed goal names its unmet criteria');
select is((tests.request_of(tests.get('run'))).answer_text, 'half of it', 'the last report is the answer of the request');
select is((select count(*) from goalpost.plan_revisions where run_id = tests.get('run')), 3::bigint, 'all three plans are on record');

select * from finish();
rollback;

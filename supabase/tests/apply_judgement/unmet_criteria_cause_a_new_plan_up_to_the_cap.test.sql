-- plan_2, plan_3, then no more: the goal fails with the best that there is.
begin;
select plan(10);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["good"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "replan", "reason": "not good", "verdicts": [{"number": 1, "verdict": "unmet", "evidence": "bad"}]}');
select is(tests.state(tests.get('run'), 'plan_2'), 'ready', 'a second plan');
select is((select verdict from goalpost.goal_criteria where goal_id = (tests.goal_of(tests.get('run'))).id), 'unmet', 'the verdict is there to learn from');
select tests.do_complete(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('criteria', '["easier"]'::jsonb, 'steps', tests.steps('a2, b2:a2'))));
select is((tests.step(tests.get('run'), 'a2')).revision, 2, 'its steps are of revision 2');
select is((tests.step(tests.get('run'), 'judge_2')).remaining_dependencies, 1, 'its judge waits for its own ends alone');
select set_eq(format('select description from goalpost.goal_criteria where goal_id = %s', (tests.goal_of(tests.get('run'))).id), array['good'], 'the criteria are those of the first plan');
select tests.do_complete(tests.get('run'), 'a2');
select tests.do_complete(tests.get('run'), 'b2');
select tests.do_complete(tests.get('run'), 'judge_2', '{"decision": "replan"}');
select tests.do_complete(tests.get('run'), 'plan_3', jsonb_build_object('plan', jsonb_build_object('steps', tests.steps('a3'))));
select tests.do_complete(tests.get('run'), 'a3');
select tests.do_complete(tests.get('run'), 'judge_3', '{"decision": "replan", "report": "half of it", "result": {"half": true}}');
select is(tests.run_state(tests.get('run')), 'failed', 'after two revisions it is over');
select is((tests.goal_of(tests.get('run'))).report, 'half of it', 'with what there is');
select is((tests.goal_of(tests.get('run'))).reason, 'its criteria were not met', 'and why');
select is((tests.request_of(tests.get('run'))).answer_text, 'half of it', 'the person gets it, too');
select is((select count(*) from goalpost.plan_revisions where run_id = tests.get('run')), 3::bigint, 'three plans are on record');

select * from finish();
rollback;

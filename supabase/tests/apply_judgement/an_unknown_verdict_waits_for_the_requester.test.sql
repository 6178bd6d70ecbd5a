-- Code and model could not judge a criterion: the requester decides, and approving means that it is met.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unknown", "evidence": "not measured"}]}');
select is(tests.states(tests.get('run')), 'a=completed judge=waiting', 'the judge waits for a person');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal is not completed with an unknown verdict');
select is((select kind || ' ' || question from goalpost.approvals where run_id = tests.get('run')), 'verdict Is this met? two', 'one approval asks about the open criterion');
select is((select shown -> 'criteria' -> 0 ->> 'evidence' from goalpost.approvals where run_id = tests.get('run')), 'not measured', 'the approval shows the judge''s reason for an unknown verdict');
select is(tests.refusal_for('mia', format('select goalpost.decide_approval(%s, ''approved'', ''I looked'')', (tests.approval_of(tests.get('run'), 'judge')).id)), 'none', 'the requester decides an unknown verdict');
select is((tests.goal_of(tests.get('run'))).state, 'completed', 'the goal is completed when the requester approves');
select is((tests.goal_of(tests.get('run'))).report, '# Done', 'the goal keeps the report of the judge');
select results_eq(format('select number, verdict, evidence, decided_by from goalpost.goal_criteria where goal_id = %s order by 1', (tests.goal_of(tests.get('run'))).id),
  $$ values (1, 'met', null, null), (2, 'met', 'decided by a person: I looked', 'person') $$, 'the verdict is the person''s, with the comment as evidence');
select is((tests.request_of(tests.get('run'))).state, 'answered', 'the request is answered when the unknown verdict is approved');

select * from finish();
rollback;

-- Code and model could not judge a criterion: the requester may decide each criterion.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unknown", "evidence": "not measured"}]}');
select is(tests.refusal_for('mia', format('select goalpost.decide_approval(%s, ''approved'', null, %L)', (tests.approval_of(tests.get('run'), 'judge')).id, '{"verdicts": [{"number": 2, "verdict": "perhaps"}]}')), 'ZG003', 'a verdict is met or unmet');
select tests.value_for('mia', format('select goalpost.decide_approval(%s, ''approved'', null, %L)', (tests.approval_of(tests.get('run'), 'judge')).id, '{"verdicts": [{"number": 2, "verdict": "unmet"}]}'));
select is(tests.state(tests.get('run'), 'plan_2'), 'ready', 'an unmet criterion leads to another plan');

select * from finish();
rollback;

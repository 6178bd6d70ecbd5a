-- Code and model could not judge a criterion: with on_unknown = fail, no person is asked.
begin;
select plan(3);
select tests.world();

select tests.value_for('olga', format('select goalpost.set_workspace_limits(%L, ''{"on_unknown": "fail"}'')', tests.id_of('acme')));
select tests.set('run', tests.planned('a', '{}', '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unknown", "evidence": "not measured"}]}');
select is((tests.goal_of(tests.get('run'))).state, 'failed', 'on_unknown = fail fails the goal at once');
select is((tests.goal_of(tests.get('run'))).reason, 'not known whether this is met: two', 'the reason names the criterion');
select is((tests.goal_of(tests.get('run'))).report, '# Done', 'the goal keeps the report of the judge');

select * from finish();
rollback;

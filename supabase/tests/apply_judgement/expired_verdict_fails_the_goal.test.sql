-- Code and model could not judge a criterion: no decision in time fails the goal with the report it has.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "complete", "report": "# Done", "result": {"n": 1},
  "verdicts": [{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unknown", "evidence": "not measured"}]}');
select tests.advance_clock('8 days');
select goalpost_worker.sweep();
select is((tests.goal_of(tests.get('run'))).state, 'failed', 'the goal fails when the verdict expires undecided');
select is((tests.goal_of(tests.get('run'))).report, '# Done', 'the goal keeps the report of the judge');
select is_empty('select from goalpost.steps where run_id = tests.get(''run'') and state in (''waiting'', ''ready'', ''running'')', 'no step of the goal is left open');

select * from finish();
rollback;

-- Missing, unmet or unreadable verdicts are refused, nothing is written, and the judge may try again.
begin;
select * from no_plan();
select tests.world();

select tests.set('run', tests.planned('a', '{}', '["one", "two"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.start(tests.get('run'), 'judge');
select is(tests.message(tests.get('run'), 'judge', jsonb_build_object('decision', 'complete', 'verdicts', c.verdicts)), c.message, 'completion is refused with verdicts: ' || c.claim)
  from (values
    (null::jsonb, 'every criterion needs a verdict', 'none at all'),
    ('[]', 'every criterion needs a verdict', 'none'),
    ('"met"', 'every criterion needs a verdict', 'no list'),
    ('["met", "met"]', 'every criterion needs a verdict', 'a list of words'),
    ('[{"number": 1, "verdict": "met"}]', 'every criterion needs a verdict', 'one of two'),
    ('[{"number": 1, "verdict": "met"}, {"number": 3, "verdict": "met"}]', 'every criterion needs a verdict', 'one of another goal'),
    ('[{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "splendid"}]', 'every criterion needs a verdict', 'a word that is no verdict'),
    ('[{"number": 1, "verdict": "met"}, {"number": "2", "verdict": "met"}]', 'every criterion needs a verdict', 'a number that is none'),
    ('[{"number": 1, "verdict": "met"}, {"number": 1.5, "verdict": "met"}]', 'every criterion needs a verdict', 'one and a half'),
    ('[{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "unmet"}]', 'a goal with an unmet criterion is not complete', 'an unmet one'),
    ('[{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "met"}, {"number": 2, "verdict": "unmet"}]', 'a goal with an unmet criterion is not complete', 'one both met and unmet')
  ) c (verdicts, message, claim);
select is(tests.message(tests.get('run'), 'judge', '{"decision": "done"}'), 'the decision must be complete, replan or fail', 'an unknown decision of a judge is refused');
select is(tests.message(tests.get('run'), 'judge', null), 'the decision must be complete, replan or fail', 'a judgement without a decision is refused');
select is((tests.goal_of(tests.get('run'))).state, 'active', 'the goal stays active after refused judgements');
select set_eq(format('select distinct verdict from goalpost.goal_criteria where goal_id = %s', (tests.goal_of(tests.get('run'))).id), array['open'], 'the criteria of the goal stay open after refused judgements');
select is(tests.message(tests.get('run'), 'judge', '{"decision": "complete", "verdicts": [{"number": 1, "verdict": "met"}, {"number": 2, "verdict": "met"}]}'), null, 'a goal with both criteria met is completed');

select * from finish();
rollback;

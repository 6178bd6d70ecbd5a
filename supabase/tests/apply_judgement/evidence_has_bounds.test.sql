-- Evidence that a judge cites is kept with the criterion.
begin;
select plan(1);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', '{}', '["one"]'));
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', jsonb_build_object('decision', 'complete', 'verdicts',
  jsonb_build_array(jsonb_build_object('number', 1, 'verdict', 'met', 'evidence', repeat('x', 5000)))));
select is((select length(evidence) from goalpost.goal_criteria), 4000, 'evidence is cut to its first 4000 characters');

select * from finish();
rollback;

-- At most fifty criteria, each with a description within bounds; a later plan changes none of them.
begin;
select plan(5);
select tests.world(p_bystanders => false);

select tests.set('run', tests.planned('a', '{}',
  (select jsonb_agg(case n when 1 then repeat('x', 3000) when 2 then '' else 'criterion ' || n end) from generate_series(1, 60) n)));
select is((select count(*) from goalpost.goal_criteria), 49::bigint, 'of the first fifty criteria those with a description are kept');
select is((select length(description) from goalpost.goal_criteria where number = 1), 2000, 'a criterion is cut to 2000 characters');
select is((select description from goalpost.goal_criteria where number = 2), 'criterion 3', 'criteria are numbered without a gap');
select tests.do_complete(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'judge', '{"decision": "replan", "reason": "r"}');
select is(tests.complete(tests.get('run'), 'plan_2', jsonb_build_object('plan', jsonb_build_object('criteria', '["another"]'::jsonb, 'steps', tests.steps('b')))), 'accepted', 'a new plan with other criteria is accepted');
select is((select count(*) from goalpost.goal_criteria), 49::bigint, 'a new plan adds no criteria');

select * from finish();
rollback;

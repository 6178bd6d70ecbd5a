-- A step ends, and a sub-goal over the caps and an approval depend on it: the first winds the run down, the second is
-- cancelled.
begin;
select plan(3);
select tests.world();

update goalpost_private.limits set max_goal_depth = 0;
select tests.set('run', tests.planned('a, sub:a, z:a', jsonb_build_object('sub', tests.subgoal(), 'z', tests.approval())));
select is(tests.complete(tests.get('run'), 'a'), 'accepted', 'the completion of the step is accepted');
select is(tests.states(tests.get('run')), 'a=completed judge=ready sub=failed z=cancelled', 'the approval step is cancelled as the run winds down');
select is((select count(*) from goalpost.approvals where run_id = tests.get('run')), 0::bigint, 'no approval is requested for the cancelled step');

select * from finish();
rollback;

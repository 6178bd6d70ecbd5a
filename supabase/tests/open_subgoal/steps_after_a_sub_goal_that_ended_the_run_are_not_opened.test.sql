-- A sub-goal over the caps ends the run while its steps are being opened: nothing is opened after that.
begin;
select plan(2);
select tests.world();

update goalpost_private.limits set max_goal_depth = 0;
select tests.set('run', tests.planned('a, sub, z', jsonb_build_object('sub', tests.subgoal())));
select is(tests.states(tests.get('run')), 'a=cancelled judge=ready sub=failed z=cancelled', 'the others are cancelled, and the judge may report');
select is(tests.claim('tool'), '[]', 'nothing to claim');

select * from finish();
rollback;

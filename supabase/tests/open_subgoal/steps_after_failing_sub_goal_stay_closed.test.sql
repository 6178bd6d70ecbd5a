-- A sub-goal over the caps winds the run down while its steps are being opened: no step is opened after that.
begin;
select plan(2);
select tests.world();

update goalpost_private.limits set max_goal_depth = 0;
select tests.set('run', tests.planned('a, sub, z', jsonb_build_object('sub', tests.subgoal())));
select is(tests.states(tests.get('run')), 'a=cancelled judge=ready sub=failed z=cancelled', 'the other steps are cancelled, and the judge is ready');
select is(tests.claim('tool'), '[]', 'no step of the run can be claimed');

select * from finish();
rollback;

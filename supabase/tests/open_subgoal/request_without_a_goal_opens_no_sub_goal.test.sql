-- The few steps that answer a request directly cannot have sub-goals.
begin;
select plan(2);
select tests.world(p_bystanders => false);

select tests.set('run', tests.ask());
select tests.complete(tests.get('run'), 'assess', jsonb_build_object('decision', 'steps', 'steps', tests.steps('sub', jsonb_build_object('sub', tests.subgoal()))));
select is((select count(*) from goalpost.goals), 0::bigint, 'a sub-goal step of a request opens no goal');
select is((tests.request_of(tests.get('run'))).state, 'failed', 'the request with a sub-goal step fails');

select * from finish();
rollback;

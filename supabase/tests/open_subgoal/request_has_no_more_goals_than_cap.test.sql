-- Goals are counted over the whole request; a step with on_failure continue does not fail the run.
begin;
select plan(2);
select tests.world();

update goalpost_private.limits set max_goals_per_request = 3;
select tests.set('run', tests.planned('s1, s2, s3, a', jsonb_build_object('s1', tests.subgoal() || '{"on_failure": "continue"}', 's2', tests.subgoal() || '{"on_failure": "continue"}', 's3', tests.subgoal() || '{"on_failure": "continue"}')));
select is(tests.states(tests.get('run')), 'a=ready judge=pending s1=waiting s2=waiting s3=failed', 'the root goal and two sub-goals fit the cap');
select is((tests.step(tests.get('run'), 's3')).error ->> 'code', 'too_many_goals', 'the step of a fourth goal fails with too_many_goals');

select * from finish();
rollback;

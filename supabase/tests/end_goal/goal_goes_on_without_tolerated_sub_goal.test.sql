-- on_failure "continue" holds for sub-goals as for all steps.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('sub, a, b:sub+a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.do_fail(tests.run_below(tests.get('run'), 'sub'), 'plan');
select tests.do_complete(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=completed b=ready judge=pending sub=failed', 'the dependent of a tolerated sub-goal is ready');

select * from finish();
rollback;

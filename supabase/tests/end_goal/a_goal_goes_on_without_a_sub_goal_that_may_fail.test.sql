-- on_failure "continue" holds for sub-goals as for all steps.
begin;
select plan(1);
select tests.world();

select tests.keep('run', tests.planned('sub, a, b:sub+a', jsonb_build_object('sub', tests.subgoal() || '{"on_failure": "continue"}')));
select tests.do_fail(tests.run_below(tests.the('run'), 'sub'), 'plan');
select tests.do_complete(tests.the('run'), 'a');
select is(tests.states(tests.the('run')), 'a=completed b=ready judge=pending sub=failed', 'b has a');

select * from finish();
rollback;

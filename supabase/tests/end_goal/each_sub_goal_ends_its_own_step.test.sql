begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('one, two, three', jsonb_build_object('one', tests.subgoal(), 'two', tests.subgoal(), 'three', tests.subgoal() || '{"on_failure": "continue"}')));
select goalpost_private.end_run(tests.run_below(tests.get('run'), 'two'), 'completed', null, '{"n": 2}', 'the second', goalpost_private.clock());
select is(tests.states(tests.get('run')), 'judge=pending one=waiting three=waiting two=completed', 'a reached sub-goal completes only the step that opened it');
select is((tests.step(tests.get('run'), 'two')).result ->> 'text', 'the second', 'the result of that step is the sub-goal''s report');
select goalpost_private.end_run(tests.run_below(tests.get('run'), 'three'), 'failed', 'no way', null, null, goalpost_private.clock());
select is(tests.states(tests.get('run')), 'judge=pending one=waiting three=failed two=completed', 'a failed sub-goal fails only the step that opened it');
select goalpost_private.end_run(tests.run_below(tests.get('run'), 'one'), 'completed', null, '{"n": 1}', 'the first', goalpost_private.clock());
select is(tests.states(tests.get('run')), 'judge=ready one=completed three=failed two=completed', 'the judge is ready when the last sub-goal ends');

select * from finish();
rollback;

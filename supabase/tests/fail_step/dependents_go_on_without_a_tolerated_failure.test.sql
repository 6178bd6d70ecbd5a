-- on_failure "continue": dependents get no result of the step, and the run goes on.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=failed b=running c=pending judge=pending', 'the dependent still waits for its other dependency');
select tests.do_complete(tests.get('run'), 'b', '{"v": 1}');
select is(tests.state(tests.get('run'), 'c'), 'ready', 'the dependent is ready when the other one is completed');
select is(goalpost_private.dependency_results(tests.get('run'), (tests.step(tests.get('run'), 'c')).depends_on), '{"b": {"v": 1}}', 'the dependent gets the result of the completed step alone');
select isnt_empty(format('select from goalpost.dead_letters where run_id = %s and step_key = ''a''', tests.get('run')), 'the failed step leaves a dead letter');

select * from finish();
rollback;

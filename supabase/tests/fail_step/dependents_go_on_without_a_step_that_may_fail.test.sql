-- on_failure "continue": whoever needs it sees no result of it, the run goes on.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select is(tests.states(tests.get('run')), 'a=failed b=running c=pending judge=pending', 'c still waits for b');
select tests.do_complete(tests.get('run'), 'b', '{"v": 1}');
select is(tests.state(tests.get('run'), 'c'), 'ready', 'then it may go');
select is(goalpost_private.dependency_results(tests.get('run'), (tests.step(tests.get('run'), 'c')).depends_on), '{"b": {"v": 1}}', 'and sees b alone');
select isnt_empty(format('select from goalpost.dead_letters where run_id = %s and step_key = ''a''', tests.get('run')), 'a is a dead letter all the same');

select * from finish();
rollback;

-- on_failure "continue": whoever needs it sees no result of it, the run goes on.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.planned('a, b, c:a+b', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.the('run'), 'a');
select is(tests.states(tests.the('run')), 'a=failed b=running c=pending judge=pending', 'c still waits for b');
select tests.do_complete(tests.the('run'), 'b', '{"v": 1}');
select is(tests.state(tests.the('run'), 'c'), 'ready', 'then it may go');
select is(goalpost_private.dependency_results(tests.the('run'), (tests.step(tests.the('run'), 'c')).depends_on), '{"b": {"v": 1}}', 'and sees b alone');
select isnt_empty(format('select from goalpost.dead_letters where run_id = %s and step_key = ''a''', tests.the('run')), 'a is a dead letter all the same');

select * from finish();
rollback;

-- A condition on two steps is not met by one of them.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b, d:a+b',
  '{"c": {"condition": {"a": {"v": 1}, "b": {"v": 1}}}, "d": {"condition": {"a": {"v": 1}, "b": {"v": 2}}}}'));
select tests.do_complete(tests.get('run'), 'a', '{"v": 1}');
select tests.do_complete(tests.get('run'), 'b', '{"v": 2}');
select is(tests.state(tests.get('run'), 'c'), 'skipped', 'a step with one of two conditions met is skipped');
select is(tests.state(tests.get('run'), 'd'), 'ready', 'a step with both conditions met is ready');

select * from finish();
rollback;

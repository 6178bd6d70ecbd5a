-- Two keys: one of them met is not enough.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b, d:a+b',
  '{"c": {"condition": {"a": {"v": 1}, "b": {"v": 1}}}, "d": {"condition": {"a": {"v": 1}, "b": {"v": 2}}}}'));
select tests.do_complete(tests.get('run'), 'a', '{"v": 1}');
select tests.do_complete(tests.get('run'), 'b', '{"v": 2}');
select is(tests.state(tests.get('run'), 'c'), 'skipped', 'one of two');
select is(tests.state(tests.get('run'), 'd'), 'ready', 'two of two');

select * from finish();
rollback;

-- Two keys: one of them met is not enough.
begin;
select plan(2);
select tests.world();

select tests.keep('run', tests.planned('a, b, c:a+b, d:a+b',
  '{"c": {"condition": {"a": {"v": 1}, "b": {"v": 1}}}, "d": {"condition": {"a": {"v": 1}, "b": {"v": 2}}}}'));
select tests.do_complete(tests.the('run'), 'a', '{"v": 1}');
select tests.do_complete(tests.the('run'), 'b', '{"v": 2}');
select is(tests.state(tests.the('run'), 'c'), 'skipped', 'one of two');
select is(tests.state(tests.the('run'), 'd'), 'ready', 'two of two');

select * from finish();
rollback;

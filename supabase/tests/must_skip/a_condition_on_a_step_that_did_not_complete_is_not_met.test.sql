-- A failed step has no result that could contain anything; not even an empty condition is met by it.
begin;
select plan(1);
select tests.world();

select tests.keep('run', tests.planned('a, b, c:a+b', '{"a": {"on_failure": "continue"}, "c": {"condition": {"a": {}}}}'));
select tests.do_fail(tests.the('run'), 'a');
select tests.do_complete(tests.the('run'), 'b');
select is(tests.state(tests.the('run'), 'c'), 'skipped', 'skipped');

select * from finish();
rollback;

-- A failed step has no result that could contain a value; not even an empty condition is met by it.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a, b, c:a+b', '{"a": {"on_failure": "continue"}, "c": {"condition": {"a": {}}}}'));
select tests.do_fail(tests.get('run'), 'a');
select tests.do_complete(tests.get('run'), 'b');
select is(tests.state(tests.get('run'), 'c'), 'skipped', 'a step with an empty condition on a failed step is skipped');

select * from finish();
rollback;

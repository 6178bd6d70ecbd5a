-- A retry checks the judge by itself.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select ok(not goalpost_private.must_skip(tests.step(tests.get('run'), 'judge')), 'the judge is not skipped without completed dependencies');

select * from finish();
rollback;

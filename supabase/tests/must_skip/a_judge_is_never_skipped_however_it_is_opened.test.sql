-- Also when it is looked at one by one, as after a retry.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a', '{"a": {"on_failure": "continue"}}'));
select tests.do_fail(tests.get('run'), 'a');
select ok(not goalpost_private.must_skip(tests.step(tests.get('run'), 'judge')), 'although nothing that it waits for completed');

select * from finish();
rollback;

-- A step with an earlier time would come before all others in the order of claims.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.fail(tests.get('run'), 'a', '{"code": "c", "message": "m", "retryable": true, "retry_after_seconds": -3600}');
select is((tests.step(tests.get('run'), 'a')).run_after, goalpost_private.clock(), 'a negative retry delay makes the step ready at once');

select * from finish();
rollback;

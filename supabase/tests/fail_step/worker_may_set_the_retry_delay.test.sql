-- A provider's Retry-After is used, up to a day; 0 is at once, with a wake.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a, b, c'));
select tests.fail(tests.get('run'), 'a', '{"retryable": true, "retry_after_seconds": 77}');
select tests.fail(tests.get('run'), 'b', '{"retryable": true, "retry_after_seconds": 1e9}');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select tests.set('before', tests.wake_count('executor'));
select tests.fail(tests.get('run'), 'c', '{"retryable": true, "retry_after_seconds": 0}');

select is((tests.step(tests.get('run'), 'a')).run_after, goalpost_private.clock() + interval '77 seconds', 'the step waits the delay that the worker reported');
select is((tests.step(tests.get('run'), 'b')).run_after, goalpost_private.clock() + interval '1 day', 'a delay of more than a day is cut to a day');
select is((tests.step(tests.get('run'), 'c')).run_after, goalpost_private.clock(), 'a delay of zero makes the step ready at once');
select is(tests.wake_count('executor') - tests.get('before'), 1::bigint, 'a wake is sent for the step that is ready at once');

select * from finish();
rollback;

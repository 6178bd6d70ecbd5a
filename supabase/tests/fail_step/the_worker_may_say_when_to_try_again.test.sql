-- A provider's Retry-After holds, up to a day; 0 is at once, with a bell.
begin;
select plan(4);
select tests.world();

select tests.keep('run', tests.planned('a, b, c'));
select tests.fail(tests.the('run'), 'a', '{"retryable": true, "retry_after_seconds": 77}');
select tests.fail(tests.the('run'), 'b', '{"retryable": true, "retry_after_seconds": 1e9}');
update goalpost.wakes set acknowledged_at = goalpost_private.clock();
select tests.keep('before', tests.wake_count('executor'));
select tests.fail(tests.the('run'), 'c', '{"retryable": true, "retry_after_seconds": 0}');

select is((tests.step(tests.the('run'), 'a')).run_after, goalpost_private.clock() + interval '77 seconds', 'as it said');
select is((tests.step(tests.the('run'), 'b')).run_after, goalpost_private.clock() + interval '1 day', 'within a day');
select is((tests.step(tests.the('run'), 'c')).run_after, goalpost_private.clock(), 'or at once');
select is(tests.wake_count('executor') - tests.the('before'), 1::bigint, 'and then a bell is rung');

select * from finish();
rollback;

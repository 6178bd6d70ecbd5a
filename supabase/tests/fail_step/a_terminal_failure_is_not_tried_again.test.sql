-- The worker reported that another attempt cannot succeed.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.fail(tests.get('run'), 'a', '{"retryable": false, "message": "no such table", "code": "query_refused"}');
select is(tests.state(tests.get('run'), 'a'), 'failed', 'a terminal failure ends the step in its first attempt');
select is((select error ->> 'code' from goalpost.dead_letters where run_id = tests.get('run')), 'query_refused', 'a terminal failure leaves a dead letter with its code');

select * from finish();
rollback;

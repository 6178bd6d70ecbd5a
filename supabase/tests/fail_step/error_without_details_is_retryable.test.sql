-- Unknown errors are retryable, within max_attempts.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a, b'));
select tests.finish(tests.get('run'), 'a', 'failed');
select tests.finish(tests.get('run'), 'b', 'failed', '{"error": "what?"}');
select is(tests.states(tests.get('run')), 'a=ready b=ready judge=pending', 'a failure without a readable error is retried');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'unknown', 'an unreadable error has the code unknown');

select * from finish();
rollback;

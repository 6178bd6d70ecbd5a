-- The message is kept in four places.
begin;
select plan(2);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.fail(tests.get('run'), 'a', jsonb_build_object('code', 'broken', 'retryable', false, 'message', repeat('x', 100000)));
select is(length((tests.step(tests.get('run'), 'a')).error ->> 'message'), 4000, 'an error message is cut to 4000 characters');
select is((tests.step(tests.get('run'), 'a')).error ->> 'code', 'broken', 'the code of a cut error is kept');

select * from finish();
rollback;

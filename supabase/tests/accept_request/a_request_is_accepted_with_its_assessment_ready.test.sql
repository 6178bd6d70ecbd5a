-- A request is submitted and accepted in one transaction, and intake is woken.
begin;
select plan(6);
select tests.world();

select tests.set('answer', tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', null, ''{"from": "page"}'')', tests.id_of('acme')))::text);
select tests.set('run', tests.kept('answer')::jsonb ->> 'run_id');
select is(tests.kept('answer')::jsonb - 'run_id' - 'request_id', '{"state": "accepted", "repeated": false}', 'accept_request returns that the request is accepted and new');
select is((tests.request_of(tests.get('run'))).id, (tests.kept('answer')::jsonb ->> 'request_id')::bigint, 'accept_request returns the ids of the request and its run');
select is((tests.request_of(tests.get('run'))).user_id, tests.id_of('mia'), 'the request belongs to the person who made it');
select is((tests.request_of(tests.get('run'))).context, '{"from": "page"}', 'the request keeps the context it was made with');
select is(tests.state(tests.get('run'), 'assess'), 'ready', 'the assessment of the request is ready');
select is(tests.wake_count('intake'), 1::bigint, 'one wake is sent to intake');

select * from finish();
rollback;

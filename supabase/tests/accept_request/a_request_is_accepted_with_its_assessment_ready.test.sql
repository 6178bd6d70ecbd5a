-- submitted and accepted in one transaction, with a bell for intake.
begin;
select plan(6);
select tests.world();

select tests.set('answer', tests.json_for('mia', format('select goalpost.accept_request(%L, ''how?'', null, ''{"from": "page"}'')', tests.id_of('acme')))::text);
select tests.set('run', tests.kept('answer')::jsonb ->> 'run_id');
select is(tests.kept('answer')::jsonb - 'run_id' - 'request_id', '{"state": "accepted", "repeated": false}', 'the answer');
select is((tests.request_of(tests.get('run'))).id, (tests.kept('answer')::jsonb ->> 'request_id')::bigint, 'with the ids');
select is((tests.request_of(tests.get('run'))).user_id, tests.id_of('mia'), 'hers');
select is((tests.request_of(tests.get('run'))).context, '{"from": "page"}', 'with its context');
select is(tests.state(tests.get('run'), 'assess'), 'ready', 'to be assessed');
select is(tests.wake_count('intake'), 1::bigint, 'one bell is rung');

select * from finish();
rollback;

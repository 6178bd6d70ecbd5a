-- The model that wrote the query reads the message.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select 1/0') ->> 'refused', 'ZG008', 'a query that fails is refused with ZG008');
select is(tests.query(tests.get('run'), 'a', 'select 1/0') ->> 'message', 'division by zero', 'a query that fails is refused with the message of Postgres');
select is(tests.query(tests.get('run'), 'a', 'selec 1') ->> 'refused', 'ZG008', 'a misspelt query is refused with ZG008');
select is(tests.query(tests.get('run'), 'a', '') ->> 'refused', 'ZG008', 'an empty query is refused with ZG008');

select * from finish();
rollback;

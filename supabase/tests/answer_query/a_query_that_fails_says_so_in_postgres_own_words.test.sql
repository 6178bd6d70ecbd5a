-- The model that wrote it reads them.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select 1/0') ->> 'refused', 'ZG008', 'the code');
select is(tests.query(tests.get('run'), 'a', 'select 1/0') ->> 'message', 'division by zero', 'the words');
select is(tests.query(tests.get('run'), 'a', 'selec 1') ->> 'refused', 'ZG008', 'a misspelt one');
select is(tests.query(tests.get('run'), 'a', '') ->> 'refused', 'ZG008', 'an empty one');

select * from finish();
rollback;

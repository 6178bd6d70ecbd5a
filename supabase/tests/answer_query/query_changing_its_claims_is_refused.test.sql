-- The claims are checked again when the query has run.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', format('select set_config(''request.jwt.claims'', ''{"sub": "%s"}'', true)', tests.id_of('sam'))) ->> 'refused', 'ZG008', 'a query that sets other claims is refused');
select is(tests.query(tests.get('run'), 'a', format('select set_config(''request.jwt.claim.sub'', %L, true)', tests.id_of('sam'))) ->> 'refused', 'ZG008', 'a query that sets the older claim of the subject is refused');
select is(tests.query(tests.get('run'), 'a', 'select set_config(''role'', ''postgres'', true)') ->> 'refused', 'ZG008', 'a query that sets another role is refused');

select * from finish();
rollback;

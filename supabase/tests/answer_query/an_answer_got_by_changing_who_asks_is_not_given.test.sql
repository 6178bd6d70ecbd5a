-- The claims are looked at again when the query has run.
begin;
select plan(3);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', format('select set_config(''request.jwt.claims'', ''{"sub": "%s"}'', true)', tests.id_of('sam'))) ->> 'refused', 'ZG008', 'other claims');
select is(tests.query(tests.get('run'), 'a', format('select set_config(''request.jwt.claim.sub'', %L, true)', tests.id_of('sam'))) ->> 'refused', 'ZG008', 'the older claim');
select is(tests.query(tests.get('run'), 'a', 'select set_config(''role'', ''postgres'', true)') ->> 'refused', 'ZG008', 'another role');

select * from finish();
rollback;

-- The largest result below the cap.
begin;
select plan(1);
select tests.world();

select tests.set('run', tests.planned('a'));
update goalpost_private.limits set max_result_bytes = 1000;
select tests.complete(tests.get('run'), 'a', jsonb_build_object('t', repeat('x', 990)));
select is(octet_length((tests.step(tests.get('run'), 'a')).result::text), 999, 'a result one byte below the cap is kept');

select * from finish();
rollback;

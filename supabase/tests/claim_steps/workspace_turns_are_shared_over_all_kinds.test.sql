-- A workspace does not get a turn per kind of step: two kinds ready in one workspace make one queue.
begin;
select plan(1);
select tests.world();

select tests.set('crowd', tests.bare_run('acme'));
select tests.set('few', tests.bare_run('elsewhere', 'sam'));
select tests.bare_step(tests.get('crowd'), 't' || n, p_more => '{"priority": 9}') from generate_series(1, 5) n;
select tests.bare_step(tests.get('crowd'), 'a' || n, p_kind => 'agent', p_more => '{"priority": 9}') from generate_series(1, 5) n;
select tests.bare_step(tests.get('few'), 'f' || n) from generate_series(1, 2) n;

create temp table taken as
select (c ->> 'run_id')::bigint as run_id from jsonb_array_elements(tests.claim('tool agent', 4)) c;
select is((select count(*) from taken where run_id = tests.get('few')), 2::bigint, 'two of four turns go to the small workspace');

select * from finish();
rollback;

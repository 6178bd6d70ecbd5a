-- The best step of every workspace comes before the second best of any workspace, at any priority and age.
begin;
select plan(4);
select tests.world();

select tests.workspace('third', '{"tom": "owner"}');
select tests.set('crowd', tests.bare_run('acme'));
select tests.set('few', tests.bare_run('elsewhere', 'sam'));
select tests.set('one', tests.bare_run('third', 'tom'));
select tests.bare_step(tests.get('crowd'), 'c' || n, p_more => '{"run_after": "2029-12-31 00:00:00+00", "priority": 9}')
  from generate_series(1, 50) n;
select tests.bare_step(tests.get('few'), 'f' || n) from generate_series(1, 3) n;
select tests.bare_step(tests.get('one'), 'o1');

create temp table taken as
select (c ->> 'run_id')::bigint as run_id from jsonb_array_elements(tests.claim('tool', 9)) c;
select is((select count(*) from taken), 9::bigint, 'a claim of nine takes nine steps');
select is((select count(*) from taken where run_id = tests.get('one')), 1::bigint, 'the one step of a small workspace is claimed');
select is((select count(*) from taken where run_id = tests.get('few')), 3::bigint, 'all three steps of a small workspace are claimed');
select is((select count(*) from taken where run_id = tests.get('crowd')), 5::bigint, 'the large workspace gets the rest of the batch');

select * from finish();
rollback;

begin;
select plan(3);
select tests.world();

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), 's' || n, 'running') from generate_series(1, 101) n;
create function pg_temp.outcomes(p_count integer) returns jsonb language sql as $$
  select jsonb_agg(tests.outcome(tests.get('run'), 's' || n, 'completed', '{"result": {}}')) from generate_series(1, p_count) n $$;
select is(tests.refusal(format('select tests.finish_all(%L)', pg_temp.outcomes(101))), 'ZG003', 'a call with 101 outcomes is refused');
select is((select count(*) from goalpost.steps where run_id = tests.get('run') and state = 'running'), 101::bigint, 'a refused batch changes no step');
select is((select count(*) from jsonb_array_elements(tests.finish_all(pg_temp.outcomes(100)) -> 'outcomes') o where o ->> 'verdict' = 'accepted'), 100::bigint,
          'a call with 100 outcomes is accepted as a whole');

select * from finish();
rollback;

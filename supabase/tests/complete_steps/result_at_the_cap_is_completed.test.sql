-- The cap of a result is the last size that complete_steps accepts without a further check.
begin;
select plan(2);
select tests.world();
update goalpost_private.limits set max_result_bytes = 1000;

select tests.set('run', tests.bare_run());
select tests.bare_step(tests.get('run'), k, 'running') from unnest(array['at', 'below', 'beyond']) k;
create function pg_temp.outcome(p_key text, p_bytes integer) returns jsonb language sql as $$
  select tests.outcome(tests.get('run'), p_key, 'completed', jsonb_build_object('result', repeat('x', p_bytes - 2))) $$;
select is((goalpost_private.complete_steps(jsonb_build_array(
             pg_temp.outcome('beyond', 1001), pg_temp.outcome('at', 1000), pg_temp.outcome('below', 999)), goalpost_private.clock())).numbers,
          array[2, 3]::bigint[], 'results up to the cap are completed, one beyond it is left');
select is(tests.states(tests.get('run')), 'at=completed below=completed beyond=running', 'the step with the result beyond the cap still runs');

select * from finish();
rollback;

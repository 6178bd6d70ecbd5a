-- Steps of many runs have the same key. The best of them is claimed, and it alone.
begin;
select plan(4);
select tests.world();

select tests.keep('first', tests.bare_run());
select tests.bare_step(tests.the('first'), 'a');
select tests.keep('second', tests.bare_run());
select tests.bare_step(tests.the('second'), 'a', p_more => '{"priority": 9}');
select tests.keep('third', tests.bare_run());
select tests.bare_step(tests.the('third'), 'a', p_more => '{"priority": 5}');
create function pg_temp.claimed() returns text language sql as $$
  select string_agg(case (c ->> 'run_id')::bigint when tests.the('first') then 'first' when tests.the('second') then 'second' else 'third' end, ' ')
    from jsonb_array_elements(tests.claim('tool', 1)) c $$;
select is(pg_temp.claimed(), 'second', 'the step of the highest priority is claimed first');
select is((select string_agg(s.state, ' ' order by s.run_id) from goalpost.steps s where s.run_id in (tests.the('first'), tests.the('second'), tests.the('third'))),
          'ready running ready', 'the steps of the same key in other runs are ready');
select is(pg_temp.claimed(), 'third', 'the next best is claimed next');
select is(pg_temp.claimed(), 'first', 'and the last of them last');

select * from finish();
rollback;

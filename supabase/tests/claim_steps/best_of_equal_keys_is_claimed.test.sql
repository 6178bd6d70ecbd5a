-- Steps of many runs have the same key. The best of them is claimed, and it alone.
begin;
select plan(4);
select tests.world();

select tests.set('first', tests.bare_run());
select tests.bare_step(tests.get('first'), 'a');
select tests.set('second', tests.bare_run());
select tests.bare_step(tests.get('second'), 'a', p_more => '{"priority": 9}');
select tests.set('third', tests.bare_run());
select tests.bare_step(tests.get('third'), 'a', p_more => '{"priority": 5}');
create function pg_temp.claimed() returns text language sql as $$
  select string_agg(case (c ->> 'run_id')::bigint when tests.get('first') then 'first' when tests.get('second') then 'second' else 'third' end, ' ')
    from jsonb_array_elements(tests.claim('tool', 1)) c $$;
select is(pg_temp.claimed(), 'second', 'the step of the highest priority is claimed first');
select is((select string_agg(s.state, ' ' order by s.run_id) from goalpost.steps s where s.run_id in (tests.get('first'), tests.get('second'), tests.get('third'))),
          'ready running ready', 'the steps of the same key in other runs are ready');
select is(pg_temp.claimed(), 'third', 'the next best is claimed next');
select is(pg_temp.claimed(), 'first', 'the step of the lowest priority is claimed last');

select * from finish();
rollback;

begin;
select plan(4);
select tests.world();

select tests.set('run', tests.agent_at_work());
select tests.bare_call(tests.get('run'), 'a', n) from generate_series(1, 101) n;
create function pg_temp.ended(p_count integer) returns text language sql as $$
  select jsonb_agg(jsonb_build_object('number', n, 'result', n))::text from generate_series(1, p_count) n $$;
select is(tests.refusal(format('select goalpost_worker.end_calls(%s, ''a'', 1, %L)', tests.get('run'), pg_temp.ended(101))), 'ZG003', 'ends of 101 calls are refused');
select is(tests.refusal(format('select goalpost_worker.end_calls(%s, ''a'', 1, ''{}'')', tests.get('run'))), 'ZG003', 'ends of calls that are no list are refused');
select is(tests.refusal(format('select goalpost_worker.end_calls(%s, ''a'', 1, %L)', tests.get('run'), pg_temp.ended(100))), 'none', 'ends of a hundred calls are recorded');
select is((select count(*) from goalpost.tool_calls c where c.run_id = tests.get('run') and c.step_key = 'a' and c.state = 'done'), 100::bigint, 'each of the hundred calls is done');

select * from finish();
rollback;

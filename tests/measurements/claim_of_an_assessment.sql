-- Measures a claim of `assess` in a workspace with 2,000 runbooks and 500 readable tables: target 15 ms for one, of which
-- 5 ms for the matching of runbooks, by words or with vectors.
-- Run it with psql, as postgres, on a seeded database that nothing else uses:
--   psql "$DATABASE_URL" -X -q -f tests/measurements/claim_of_an_assessment.sql
\set ON_ERROR_STOP 1
\timing off
begin;
create temp table place as select id as workspace_id, (select user_id from goalpost.members m where m.workspace_id = w.id order by role limit 1) as user_id
  from goalpost.workspaces w order by created_at, id limit 1;
update goalpost.workspaces set readable_schemas = readable_schemas || array['wide'], max_open_requests = 1000
 where id = (select workspace_id from place);
create schema wide;
grant usage on schema wide to authenticated;
do $$
begin
  for n in 1 .. 500 loop
    execute format('create table wide.table_%s (id bigint primary key, name text, amount numeric, note text, region text, placed_at timestamptz)', n);
  end loop;
end
$$;
grant select on all tables in schema wide to authenticated;
insert into goalpost.runbooks (workspace_id, name, title, description, goal_type, examples, plan)
select p.workspace_id, 'book_' || n, 'Weekly report of orders for region ' || n,
       format('Sums up the %s orders of the week with refunds, returns and new customers, and compares them with last year', md5(n::text)),
       'weekly_report', array['How did the orders of region ' || n || ' go last week?', 'Report the week of ' || md5(n::text), 'weekly orders summary ' || n],
       jsonb_build_object('steps', (select jsonb_agg(jsonb_build_object('key', 's' || g, 'input', repeat(md5(g::text || n), 6))) from generate_series(1, 8) g))
  from place p, generate_series(1, 2000) n;
-- Vectors of every runbook, of five phrases each.
insert into goalpost.embedding_spaces (name, baseline) values ('measure/model', 0.5);
create function pg_temp.vector(p_seed integer) returns extensions.halfvec language sql as $$
  select array(select sin(p_seed * 7.13 + g * g * 0.37)::real from generate_series(1, 1024) g)::extensions.vector::extensions.halfvec $$;
insert into goalpost.runbook_embeddings (space, runbook_id, workspace_id, phrases, center)
select 'measure/model', b.id, b.workspace_id, array_agg(pg_temp.vector((b.id * 5 + k)::integer) order by k), extensions.avg(pg_temp.vector((b.id * 5 + k)::integer))
  from goalpost.runbooks b, generate_series(1, 5) k where b.name like 'book\_%' group by b.id;
create temp table question as select pg_temp.vector(4711) as embedding;
commit;
vacuum analyze goalpost.runbooks;
vacuum analyze goalpost.runbook_embeddings;

create temp table took (what text, ms numeric);
create procedure pg_temp.measure(p_what text, p_limit integer) language plpgsql as $$
declare
  v_from timestamptz;
  v_claimed jsonb;
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', user_id, 'role', 'authenticated')::text, true) from place;
  perform goalpost.accept_request(p.workspace_id, format('How did the weekly orders of region %s go compared with last year, with refunds and returns?', 17 * n))
     from place p, generate_series(1, p_limit) n;
  perform set_config('request.jwt.claims', '', true);
  v_from := clock_timestamp();
  v_claimed := goalpost_worker.claim_steps(array['assess'], p_limit, 30, 'measure');
  insert into took values (p_what, extract(epoch from clock_timestamp() - v_from) * 1000);
  if jsonb_array_length(v_claimed) <> p_limit then
    raise 'claimed % of %', jsonb_array_length(v_claimed), p_limit;
  end if;
end
$$;
do $$ begin for i in 1 .. 20 loop call pg_temp.measure('one', 1); end loop; for i in 1 .. 5 loop call pg_temp.measure('nine', 9); end loop; end $$;
select what, count(*), round(min(ms), 1) as min_ms, round((percentile_cont(0.5) within group (order by ms))::numeric, 1) as median_ms, round(max(ms), 1) as max_ms
  from took group by what order by 3;
create temp table part (what text, ms numeric);
do $$
declare v_from timestamptz; v_place place;
begin
  select * into v_place from place;
  for i in 1 .. 40 loop
    v_from := clock_timestamp();
    perform goalpost_private.match_runbooks('How did the weekly orders of region 17 go compared with last year, with refunds and returns?', v_place.workspace_id, v_place.user_id);
    insert into part values ('match_runbooks', extract(epoch from clock_timestamp() - v_from) * 1000);
    v_from := clock_timestamp();
    perform goalpost_private.match_runbooks('How did the weekly orders of region 17 go compared with last year, with refunds and returns?', v_place.workspace_id, v_place.user_id, null, 'measure/model', q.embedding) from question q;
    insert into part values ('match_runbooks with vectors', extract(epoch from clock_timestamp() - v_from) * 1000);
    v_from := clock_timestamp();
    perform goalpost_private.match_runbooks('qqqq', v_place.workspace_id, v_place.user_id, null, 'measure/model', q.embedding) from question q;
    insert into part values ('match_runbooks by vectors alone', extract(epoch from clock_timestamp() - v_from) * 1000);
    v_from := clock_timestamp();
    perform goalpost_private.readable_tables(v_place.workspace_id, 'How did the weekly orders go?');
    insert into part values ('readable_tables', extract(epoch from clock_timestamp() - v_from) * 1000);
  end loop;
end
$$;
select what, round(min(ms), 1) as min_ms, round((percentile_cont(0.5) within group (order by ms))::numeric, 1) as median_ms from part group by what order by what;

-- Measures the cost views and lists of goals and requests, as a member reads them, at 200,000 runs: target 50 ms each.
-- Run it with psql, as postgres, on a seeded database that nothing else uses (it takes some minutes):
--   psql "$DATABASE_URL" -X -q -f tests/measurements/costs_at_200000_runs.sql
\set ON_ERROR_STOP 1
create temp table place as select w.id as workspace_id from goalpost.workspaces w order by w.created_at, w.id limit 1;
create temp table person as select m.user_id, row_number() over (order by m.user_id) - 1 as n from goalpost.members m join place p using (workspace_id);
create temp table agent as select a.id, row_number() over (order by a.id) - 1 as n from goalpost.agents a where a.workspace_id is null;
create temp table runbook as select b.id, row_number() over (order by b.id) - 1 as n from goalpost.runbooks b where b.workspace_id is null or b.workspace_id = (select workspace_id from place);
create temp table work as
select n, 1000000 + n as id, now() - make_interval(mins => (200000 - n) * 2) as began, (select p.user_id from person p where p.n = s.n % (select count(*) from person)) as user_id,
       (select a.id from agent a where a.n = s.n % (select count(*) from agent)) as agent_id,
       (select b.id from runbook b where b.n = s.n % (select count(*) + 1 from runbook)) as runbook_id
  from generate_series(1, 200000) s (n);
-- The triggers of requests and runs would send wakes and delete memories; those of usage stay enabled.
begin;
alter table goalpost.requests disable trigger user;
alter table goalpost.workflow_runs disable trigger user;
insert into goalpost.requests (id, workspace_id, user_id, question, state, goal_id, created_at, ended_at)
select id, workspace_id, user_id, 'How is number ' || n || '?', 'answered', id, began, began + interval '5 minutes' from work, place;
insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, state, created_at, ended_at)
select id, workspace_id, user_id, id, id, 'Goal ' || n, 'd', 'completed', began, began + interval '5 minutes' from work, place;
insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, state, runbook_id, deadline_at, created_at, ended_at)
select id, workspace_id, user_id, 'goal', id, id, id, 'completed', runbook_id, began + interval '7 days', began, began + interval '5 minutes' from work, place;
insert into goalpost.steps (run_id, key, workspace_id, kind, title, agent_id, state, started_at, ended_at, lease_epoch)
select id, 'a', workspace_id, 'agent', 't', agent_id, 'completed', began, began + interval '4 minutes', 1 from work, place;
insert into goalpost.usage_events (run_id, step_key, lease_epoch, number, workspace_id, goal_id, agent_id, provider, model, input_tokens, output_tokens, cost_microusd, created_at)
select id, 'a', 1, c, workspace_id, id, agent_id, 'p', 'm', 1000 + n % 100, 100, 1500 + n % 7, began + interval '1 minute' from work, place, generate_series(1, 2) c;
select count(goalpost_private.append_ends(r, 1, true)) from goalpost.workflow_runs r where r.id > 1000000;
commit;
alter table goalpost.requests enable trigger user;
alter table goalpost.workflow_runs enable trigger user;
\timing on
-- A fold of 5,000 rows, as the sweep does it.
select goalpost_private.fold_statistics(5000, now());
select goalpost_private.fold_statistics(5000, now());
\timing off
do $$ begin while goalpost_private.fold_statistics(50000, now()) > 0 loop end loop; end $$;
vacuum analyze;
-- The rows not folded yet at 100 calls a second: ten seconds of them.
update goalpost.usage_events set cost_microusd = cost_microusd + 1 where run_id between 1199001 and 1199500;

select set_config('request.jwt.claims', jsonb_build_object('sub', (select user_id from person limit 1), 'role', 'authenticated')::text, false);
create temp table stranger as
select m.user_id from goalpost.members m where m.user_id not in (select user_id from person) limit 1;
grant select on place, stranger to authenticated;
create temp table took (what text, ms numeric);
grant all on took to authenticated;
create function pg_temp.measure(p_what text, p_sql text) returns void language plpgsql as $$
declare
  v_from timestamptz;
begin
  for i in 1 .. 15 loop
    v_from := clock_timestamp();
    execute format('select count(q) from (%s) q', p_sql);
    insert into took values (p_what, extract(epoch from clock_timestamp() - v_from) * 1000);
  end loop;
end
$$;
set role authenticated;
select pg_temp.measure(v, format('select * from goalpost.%I', v)) from unnest(array['agent_costs', 'runbook_costs', 'user_costs', 'day_costs']) v;
select pg_temp.measure('goal_costs, a page', 'select * from goalpost.goal_costs limit 1000');
select pg_temp.measure('goal_costs, the newest page', 'select * from goalpost.goal_costs order by goal_id desc limit 100');
select pg_temp.measure('goal_costs, one goal', 'select * from goalpost.goal_costs where goal_id = 1100000');
select pg_temp.measure('goals, newest 50', 'select * from goalpost.goals order by id desc limit 50');
select pg_temp.measure('goals, newest 50 of one state', 'select * from goalpost.goals where state = ''completed'' order by id desc limit 50');
select pg_temp.measure('requests, newest 50', 'select * from goalpost.requests order by id desc limit 50');
select pg_temp.measure('goal_progress, newest 50', 'select * from goalpost.goal_progress order by goal_id desc limit 50');
-- A person with an empty workspace.
select set_config('request.jwt.claims', jsonb_build_object('sub', (select user_id from stranger), 'role', 'authenticated')::text, false);
select pg_temp.measure('stranger: ' || v, format('select * from goalpost.%I limit 50', v)) from unnest(array['agent_costs', 'runbook_costs', 'user_costs', 'day_costs', 'goal_costs']) v;
select pg_temp.measure('stranger: goals', 'select * from goalpost.goals order by id desc limit 50');
select pg_temp.measure('stranger: requests', 'select * from goalpost.requests order by id desc limit 50');
reset role;
select what, round(min(ms), 1) as min_ms, round((percentile_cont(0.5) within group (order by ms))::numeric, 1) as median_ms from took group by what order by 3 desc;
select (select count(*) from goalpost.daily_usage) as daily_rows, (select count(*) from goalpost.unfolded_statistics) as unfolded_rows,
       (select sum(cost_microusd) from goalpost.day_costs) = (select sum(cost_microusd) from goalpost.usage_events) as is_equal;

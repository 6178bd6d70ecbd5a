-- Measures read_period_report as a member reads it, at 10,000 goals over 90 days with four model calls each: target 50 ms
-- for a week. Run it with psql, as postgres, on a seeded database that nothing else uses:
--   psql "$DATABASE_URL" -X -q -f tests/measurements/period_report_at_10000_goals.sql
\set ON_ERROR_STOP 1
create temp table place as select w.id as workspace_id from goalpost.workspaces w order by w.created_at, w.id limit 1;
create temp table person as select m.user_id, row_number() over (order by m.user_id) - 1 as n from goalpost.members m join place p using (workspace_id);
create temp table agent as select a.id, row_number() over (order by a.id) - 1 as n from goalpost.agents a where a.workspace_id is null;
create temp table runbook as select b.id, row_number() over (order by b.id) - 1 as n from goalpost.runbooks b where b.workspace_id is null or b.workspace_id = (select workspace_id from place);
create temp table work as
select n, 1000000 + n as id, now() - make_interval(mins => (10000 - n) * 13) as began, (select p.user_id from person p where p.n = s.n % (select count(*) from person)) as user_id,
       (select a.id from agent a where a.n = s.n % (select count(*) from agent)) as agent_id,
       (select b.id from runbook b where b.n = s.n % (select count(*) + 1 from runbook)) as runbook_id,
       case s.n % 10 when 0 then 'failed' else 'completed' end as state
  from generate_series(1, 10000) s (n);
begin;
alter table goalpost.requests disable trigger user;
alter table goalpost.workflow_runs disable trigger user;
insert into goalpost.requests (id, workspace_id, user_id, question, state, reason_code, goal_id, created_at, ended_at)
select id, workspace_id, user_id, 'How is number ' || n || '?', case state when 'failed' then 'failed' else 'answered' end, case state when 'failed' then 'criteria_unmet' end, id, began, began + interval '5 minutes' from work, place;
-- One request of three is answered without a goal, and each hour has an analysis.
insert into goalpost.requests (id, workspace_id, user_id, question, state, created_at, ended_at)
select 1000000 + id, workspace_id, user_id, 'How is number ' || n || '?', 'answered', began, began + interval '1 minute' from work, place where n % 3 = 0;
insert into goalpost.goals (id, workspace_id, user_id, request_id, root_goal_id, title, description, goal_type, state, created_at, ended_at)
select id, workspace_id, user_id, id, id, 'Goal ' || n, 'd', 'kind ' || n % 20, state, began, began + interval '5 minutes' from work, place;
insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, goal_id, root_run_id, state, runbook_id, deadline_at, created_at, ended_at)
select id, workspace_id, user_id, 'goal', id, id, id, state, runbook_id, began + interval '7 days', began, began + interval '5 minutes' from work, place;
insert into goalpost.workflow_runs (id, workspace_id, user_id, workflow_type, request_id, root_run_id, state, deadline_at, created_at, ended_at)
select 1000000 + id, workspace_id, user_id, 'request', 1000000 + id, 1000000 + id, 'completed', began + interval '7 days', began, began + interval '1 minute' from work, place where n % 3 = 0;
insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, started_at, ended_at, lease_epoch)
select 1000000 + id, 'analyze', workspace_id, case when n % 15 = 0 then 'analyze' else 'assess' end, 't', 'completed', began, began + interval '1 minute', 1 from work, place where n % 3 = 0;
insert into goalpost.plan_revisions (run_id, revision, workspace_id, plan, runbook_id, estimate, created_at)
select id, 1, workspace_id, '{}', runbook_id, '{"from": "plan", "cost_microusd": 6000, "least_microusd": 1500, "most_microusd": 24000}', began from work, place;
insert into goalpost.steps (run_id, key, workspace_id, kind, title, agent_id, state, started_at, ended_at, lease_epoch)
select id, 'a', workspace_id, 'agent', 't', agent_id, 'completed', began, began + interval '4 minutes', 1 from work, place;
insert into goalpost.step_turns (run_id, step_key, number, workspace_id, attempt, lease_epoch, purpose, provider, model, request_hash, max_input_tokens, max_output_tokens, asked_at, state, ended_at, is_settled, answer)
select id, 'a', c, workspace_id, 1, 1, 'work', 'p', 'm' || n % 3, md5('q'), 1, 1, began, 'answered', began + interval '1 minute', true, '{}' from work, place, generate_series(1, 4) c;
insert into goalpost.usage_events (run_id, step_key, lease_epoch, number, workspace_id, goal_id, agent_id, provider, model, input_tokens, output_tokens, cost_microusd, duration_ms, created_at)
select id, 'a', 1, c, workspace_id, id, agent_id, 'p', 'm' || n % 3, 1000 + n % 100, 100, 1500 + n % 7, 2000, began + interval '1 minute' from work, place, generate_series(1, 4) c;
insert into goalpost.approvals (workspace_id, goal_id, run_id, step_key, question, shown, required_role, on_reject, state, requested_at, expires_at, decided_by, decided_at)
select workspace_id, id, id, 'a', 'May it?', '{}', 'member', 'fail', 'approved', began, began + interval '1 day', user_id, began + interval '2 minutes' from work, place where n % 5 = 0;
insert into goalpost.feedback (workspace_id, goal_id, user_id, rating, rated_at)
select workspace_id, id, user_id, case when n % 8 = 0 then 'bad' else 'good' end, began + interval '1 hour' from work, place where n % 4 = 0;
commit;
alter table goalpost.requests enable trigger user;
alter table goalpost.workflow_runs enable trigger user;
do $$ begin while goalpost_private.fold_statistics(50000, now()) > 0 loop end loop; end $$;
vacuum analyze;

select set_config('request.jwt.claims', jsonb_build_object('sub', (select user_id from person limit 1), 'role', 'authenticated')::text, false);
grant select on place to authenticated;
create temp table took (what text, ms numeric);
grant all on took to authenticated;
create function pg_temp.measure(p_what text, p_sql text) returns void language plpgsql as $$
declare
  v_from timestamptz;
begin
  for i in 1 .. 7 loop
    v_from := clock_timestamp();
    execute format('select count(q) from (%s) q', p_sql);
    insert into took values (p_what, extract(epoch from clock_timestamp() - v_from) * 1000);
  end loop;
end
$$;
set role authenticated;
select pg_temp.measure('report of ' || t, format('select goalpost.read_period_report((select workspace_id from place), now() - interval %L, now())', t))
  from unnest(array['24 hours', '7 days', '30 days', '90 days']) t;
select pg_temp.measure(f || ', 7 days', format('select goalpost_private.%I((select workspace_id from place), now() - interval ''7 days'', now())', f))
  from unnest(array['period_work', 'period_usage', 'period_decisions', 'period_dearest']) f;
select pg_temp.measure(v || ', a page', format('select * from goalpost.%I order by goal_id desc limit 100', v)) from unnest(array['achieved_goal_costs', 'estimate_accuracy']) v;
select pg_temp.measure('model_costs', 'select * from goalpost.model_costs');
select goalpost.read_period_report((select workspace_id from place), now() - interval '7 days', now()) #> '{work,goals}' as goals_of_7_days;
reset role;
select what, round(min(ms), 1) as min_ms, round((percentile_cont(0.5) within group (order by ms))::numeric, 1) as median_ms from took group by what order by 1;

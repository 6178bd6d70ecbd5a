-- The plans of the cost views: sums come from the totals, a page of goals from the index of their usage.
begin;
select plan(5);
select tests.world();

create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare
  v_line text;
  v_plan text := '';
begin
  for v_line in execute 'explain ' || p_sql loop
    v_plan := v_plan || v_line || E'\n';
  end loop;
  return v_plan;
end $$;
set local enable_seqscan = off;
set local enable_bitmapscan = off;
create temp table planned as
select v, pg_temp.plan_of(format('select * from goalpost.%I', v)) as plan from unnest(array['agent_costs', 'runbook_costs', 'user_costs', 'day_costs']) v
union all
select 'goal_costs', pg_temp.plan_of('select * from goalpost.goal_costs order by goal_id desc limit 10');
select ok(plan !~ 'usage_events|workflow_runs', v || ' reads totals and neither usage nor runs') from planned where v <> 'goal_costs';
select matches((select plan from planned where v = 'goal_costs'),
  'Index Scan Backward using goals_pkey(.|\n)*usage_events_goal', 'a page of goal_costs reads the usage of its goals alone');

select * from finish();
rollback;

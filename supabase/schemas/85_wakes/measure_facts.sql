-- Measures what runbooks and agents achieved: counts, cost, mean duration. Recomputed from the rows of work, so safe
-- to repeat. Called by the analyzer on its schedule. A success is a run (or step) that ended completed.
create function goalpost_worker.measure_facts() returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz := goalpost_private.clock();
  v_runbooks integer;
  v_agents integer;
begin
  insert into goalpost.runbook_facts as f (runbook_id, uses, successes, cost_microusd, mean_duration_ms, measured_at)
  select r.runbook_id, count(*), count(*) filter (where r.state = 'completed'), coalesce(sum(u.cost), 0),
         (avg(extract(epoch from r.ended_at - r.created_at)) * 1000)::bigint, v_now
    from goalpost.workflow_runs r
   cross join lateral (select sum(e.cost_microusd) as cost from goalpost.usage_events e where e.run_id = r.id) u
   where r.runbook_id is not null and r.state <> 'running'
   group by r.runbook_id
  on conflict (runbook_id) do update
    set uses = excluded.uses, successes = excluded.successes, cost_microusd = excluded.cost_microusd,
        mean_duration_ms = excluded.mean_duration_ms, measured_at = excluded.measured_at;
  get diagnostics v_runbooks = row_count;

  insert into goalpost.agent_facts as f (agent_id, uses, successes, cost_microusd, mean_duration_ms, measured_at)
  select s.agent_id, count(*), count(*) filter (where s.state = 'completed'), coalesce(sum(u.cost), 0),
         (avg(extract(epoch from s.ended_at - s.started_at)) * 1000)::bigint, v_now
    from goalpost.steps s
   cross join lateral (select sum(e.cost_microusd) as cost from goalpost.usage_events e
                        where e.run_id = s.run_id and e.step_key = s.key) u
   where s.agent_id is not null and s.state in ('completed', 'failed')
   group by s.agent_id
  on conflict (agent_id) do update
    set uses = excluded.uses, successes = excluded.successes, cost_microusd = excluded.cost_microusd,
        mean_duration_ms = excluded.mean_duration_ms, measured_at = excluded.measured_at;
  get diagnostics v_agents = row_count;
  return jsonb_build_object('runbooks', v_runbooks, 'agents', v_agents);
end
$$;

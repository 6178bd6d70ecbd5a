-- Estimates ---------------------------------------------------------------------------------------------------

-- Estimates the cost of a plan in micro-dollars: from the last completed runs of its runbook in this workspace (mean,
-- and two standard deviations either way), otherwise from the number of its agents' steps and its judge.
create function goalpost_private.estimate_plan(p_run goalpost.workflow_runs, p_result jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_past record;
  v_steps integer;
  v_typical constant bigint := (select l.typical_step_microusd from goalpost_private.limits l);
begin
  select count(*) as runs, avg(c.cost) as mean, coalesce(stddev_samp(c.cost), 0) as spread into v_past
    from (select (select coalesce(sum(u.cost_microusd), 0) from goalpost.usage_events u where u.run_id = r.id) as cost
            from goalpost.workflow_runs r
           where r.runbook_id = (case jsonb_typeof(p_result -> 'runbook_id') when 'number' then p_result ->> 'runbook_id' end)::numeric
             and r.workspace_id = p_run.workspace_id and r.state = 'completed'
           order by r.id desc
           limit 50) c;
  if v_past.runs > 0 then
    return jsonb_build_object(
      'from', 'history', 'runs', v_past.runs, 'cost_microusd', round(v_past.mean),
      'least_microusd', greatest(round(v_past.mean - 2 * v_past.spread), 0), 'most_microusd', round(v_past.mean + 2 * v_past.spread));
  end if;
  select count(*) into v_steps
    from jsonb_array_elements(case jsonb_typeof(p_result -> 'plan' -> 'steps') when 'array' then p_result -> 'plan' -> 'steps'
                              else '[]' end) s
   where s ->> 'kind' in ('agent', 'subgoal');
  return jsonb_build_object(
    'from', 'plan', 'steps', v_steps, 'cost_microusd', v_typical * (v_steps + 1), 'least_microusd', v_typical * (v_steps + 1) / 4,
    'most_microusd', v_typical * (v_steps + 1) * 4);
end
$$;

-- Returns the options of a plan's approval; null if it needs none. An approval that the workspace or the cost requires
-- is for approvers. A plan that the requester asked to see is for the requester, and so is one that follows another
-- person's comments on an earlier plan of the run, since it runs with the requester's rights.
create function goalpost_private.plan_approval_options(p_run goalpost.workflow_runs, p_estimate jsonb) returns jsonb
language sql stable
set search_path = ''
as $$
  select case
    when d.by_workspace then jsonb_build_object('required_role', 'approver')
                             || case when d.by_requester then '{"requester": "confirms"}'::jsonb else '{}' end
    when d.by_requester then '{"required_role": "member", "requester": "decides"}'
  end
    from goalpost.workspaces w, goalpost.requests q,
         lateral (
           select w.approve_plans or (p_estimate ->> 'cost_microusd')::numeric > w.plan_approval_microusd as by_workspace,
                  q.budget @> '{"approve_plan": true}' or exists (
                    select from goalpost.approvals a
                     where a.run_id = p_run.id and a.state = 'rejected' and a.comment <> ''
                       and a.decided_by <> p_run.user_id) as by_requester) d
   where w.id = p_run.workspace_id and q.id = p_run.request_id
$$;

-- Measures what came of improvements, and keeps, promotes or reverts them.

-- Returns the results of the latest 50 runs of a runbook in a workspace: {"uses", "successes", "latest": successes of
-- the last five, "model_calls", "cost_microusd", "seconds" (means)}. A completed goal that more people rated bad than
-- good counts as failed. Null without a run.
create function goalpost_private.measure_runbook(p_workspace_id uuid, p_runbook_id bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  with latest as materialized (
    select r.*, row_number() over (order by r.id desc) as place
      from goalpost.workflow_runs r
     where r.runbook_id = p_runbook_id and r.workspace_id = p_workspace_id and r.state in ('completed', 'failed')
     order by r.id desc limit 50
  ),
  result as (
    select l.place, l.root_run_id, extract(epoch from l.ended_at - q.created_at) as seconds,
           l.state = 'completed' and not exists (
             select from goalpost_private.rating_effects e
              where e.workspace_id = p_workspace_id and e.goal_id = l.goal_id and e.effect < 0) as is_success
      from latest l join goalpost.requests q on q.id = l.request_id
  ),
  usage as (
    select count(*) as calls, coalesce(sum(u.cost_microusd), 0) as cost
      from goalpost.workflow_runs t join goalpost.usage_events u on u.run_id = t.id
     where t.workspace_id = p_workspace_id and t.root_run_id in (select l.root_run_id from latest l)
  )
  select case when count(*) > 0 then jsonb_build_object(
           'uses', count(*), 'successes', count(*) filter (where r.is_success),
           'latest', count(*) filter (where r.is_success and r.place <= 5),
           'model_calls', round((select u.calls from usage u)::numeric / count(*), 2),
           'cost_microusd', round((select u.cost from usage u)::numeric / count(*)),
           'seconds', round(avg(r.seconds), 1)) end
    from result r
$$;

-- Returns the next state of a runbook's improvement, with the reason if it is reverted. The alternative is the work
-- without the runbook: the runs from which it was learned, all successes. Reverted: three failures and a lower bound of
-- success below the alternative's, or three of the last five runs failed. On trial: active after three successes. Kept
-- after ten uses.
create function goalpost_private.judge_runbook(
  p_improvement goalpost.improvements, p_measured jsonb, out state text, out reason text
)
language plpgsql immutable
set search_path = ''
as $$
declare
  v_uses constant integer := (p_measured ->> 'uses')::integer;
  v_successes constant integer := (p_measured ->> 'successes')::integer;
  v_known constant integer := jsonb_array_length(coalesce(p_improvement.evidence -> 'runs', '[]'));
  v_bound constant double precision := goalpost_private.success_bound(v_successes, v_uses);
  v_alternative constant double precision := goalpost_private.success_bound(v_known, v_known);
begin
  state := p_improvement.state;
  if v_uses - v_successes >= 3 and v_bound < v_alternative then
    state := 'reverted';
    reason := format('%s of %s runs succeeded: the bound %s is below %s without it', v_successes, v_uses,
                     round(v_bound::numeric, 2), round(v_alternative::numeric, 2));
  elsif least(v_uses, 5) - (p_measured ->> 'latest')::integer >= 3 then
    state := 'reverted';
    reason := format('%s of the last %s runs failed', least(v_uses, 5) - (p_measured ->> 'latest')::integer, least(v_uses, 5));
  elsif state = 'approved' and v_successes >= 3 then
    state := 'applied';
  elsif state in ('applied', 'measured') and v_uses >= 10 then
    state := 'kept';
  elsif state = 'applied' and v_uses >= 3 then
    state := 'measured';
  end if;
end
$$;

-- Returns the next state of a lesson's improvement: reverted if it helped in less than half of five or more uses, kept
-- after ten.
create function goalpost_private.judge_lesson(
  p_improvement goalpost.improvements, p_measured jsonb, out state text, out reason text
)
language plpgsql immutable
set search_path = ''
as $$
declare
  v_uses constant bigint := (p_measured ->> 'uses')::bigint;
  v_successes constant bigint := (p_measured ->> 'successes')::bigint;
begin
  state := p_improvement.state;
  if v_uses >= 5 and 2 * v_successes < v_uses then
    state := 'reverted';
    reason := format('%s of the %s runs that received it succeeded', v_successes, v_uses);
  elsif state in ('applied', 'measured') and v_uses >= 10 then
    state := 'kept';
  elsif state = 'applied' and v_uses >= 3 then
    state := 'measured';
  end if;
end
$$;

-- Measures the improvements in effect of a workspace, and changes their states (judge_runbook, judge_lesson).
-- Called by apply_analysis. Safe to repeat.
create function goalpost_private.measure_improvements(p_workspace_id uuid, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_improvement goalpost.improvements;
  v_measured jsonb;
  v_next record;
begin
  for v_improvement in
    select * from goalpost.improvements i
     where i.workspace_id = p_workspace_id and i.kind in ('runbook', 'lesson')
       and i.state in ('approved', 'applied', 'measured', 'kept') order by i.id
  loop
    v_measured := case v_improvement.kind
      when 'runbook' then goalpost_private.measure_runbook(p_workspace_id, v_improvement.runbook_id)
      else (select jsonb_build_object('uses', s.uses, 'successes', s.successes) from goalpost.memory_statistics s
             where s.workspace_id = p_workspace_id and s.memory_id = v_improvement.memory_id) end;
    continue when v_measured is null;
    if v_improvement.kind = 'runbook' then
      v_next := goalpost_private.judge_runbook(v_improvement, v_measured);
    else
      v_next := goalpost_private.judge_lesson(v_improvement, v_measured);
    end if;
    if v_next.state = 'reverted' then
      perform goalpost_private.take_back_improvement(v_improvement, v_next.reason, v_measured, p_now);
      continue;
    end if;
    if v_improvement.state = 'approved' and v_next.state = 'applied' then
      perform goalpost_private.change_runbook_state(b, 'active') from goalpost.runbooks b where b.id = v_improvement.runbook_id;
    end if;
    update goalpost.improvements i
       set measured = v_measured, state = v_next.state,
           changed_at = case when i.state <> v_next.state then p_now else i.changed_at end
     where i.id = v_improvement.id;
  end loop;
end
$$;

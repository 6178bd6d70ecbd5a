-- Completes steps that functions process, all of them at once: running -> completed, where the outcome carries the
-- epoch of the present lease and its result is not too large. Writes an attempt and an event for each; releasing the
-- dependents is left to the caller (end_completed). p_outcomes has the form of finish_steps; `numbers` are the places
-- of the outcomes that were applied.
create function goalpost_private.complete_steps(
  p_outcomes jsonb, p_now timestamptz, out completed goalpost.steps[], out numbers bigint[]
)
language plpgsql
set search_path = ''
as $$
declare
  v_max_result_bytes constant integer := (select l.max_result_bytes from goalpost_private.limits l);
begin
  with reported as materialized (
    -- If an outcome was reported twice, the first one counts.
    select distinct on (o.run_id, o.step_key) o.*
      from rows from (jsonb_to_recordset(p_outcomes)
             as (run_id bigint, step_key text, lease_epoch bigint, outcome text, result jsonb))
           with ordinality o (run_id, step_key, lease_epoch, outcome, result, number)
     order by o.run_id, o.step_key, o.number
  ),
  done as (
    update goalpost.steps s
       set state = 'completed', result = coalesce(t.result, 'null'), error = null, ended_at = p_now,
           lease_expires_at = null, run_after = null
      from reported t
     where s.run_id = t.run_id and s.key = t.step_key and s.lease_epoch = t.lease_epoch and s.state = 'running'
       and s.kind in ('agent', 'tool') and t.outcome = 'completed'
       and case when pg_column_size(t.result) > 8 * v_max_result_bytes then false
                else coalesce(octet_length(t.result::text), 0) <= v_max_result_bytes end
    returning s as step, t.number
  ),
  attempted as (
    insert into goalpost.step_attempts
      (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at)
    select (d.step).run_id, (d.step).key, (d.step).attempt, (d.step).workspace_id, 'completed', (d.step).leased_by,
           (d.step).started_at, p_now
      from done d
  ),
  remembered as (
    insert into goalpost.events
      (root_run_id, sequence, workspace_id, run_id, goal_id, step_key, type, created_at)
    select r.root_run_id,
           coalesce((select max(e.sequence) from goalpost.events e where e.root_run_id = r.root_run_id), 0)
             + row_number() over (partition by r.root_run_id order by d.number),
           r.workspace_id, r.id, r.goal_id, (d.step).key, 'step.completed', p_now
      from done d
      join goalpost.workflow_runs r on r.id = (d.step).run_id
  )
  select coalesce(array_agg(d.step order by d.number), '{}'), coalesce(array_agg(d.number), '{}')
    into completed, numbers from done d;
end
$$;

-- Completes one step whose end changes more than its dependents (an assessment, a plan, a judgement, a decision, a
-- sub-goal's end): running | waiting -> completed, and then opens its dependents or ends the run. Returns the functions
-- to wake.
create function goalpost_private.complete_step(p_step goalpost.steps, p_result jsonb, p_now timestamptz)
returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.steps
     set state = 'completed', result = p_result, error = null, ended_at = p_now,
         lease_expires_at = null, run_after = null
   where run_id = p_step.run_id and key = p_step.key;
  if p_step.state = 'running' then
    insert into goalpost.step_attempts
      (run_id, step_key, attempt, workspace_id, outcome, worker, started_at, ended_at)
    values
      (p_step.run_id, p_step.key, p_step.attempt, p_step.workspace_id, 'completed', p_step.leased_by,
       p_step.started_at, p_now);
  end if;
  perform goalpost_private.append_event(p_step.run_id, p_step.key, 'step.completed', null, p_now);

  if p_step.ends_run then
    return goalpost_private.end_run(p_step.run_id, 'completed', null, p_result, p_result ->> 'text', p_now);
  end if;
  return goalpost_private.release_dependents(p_step.run_id, p_step.key, p_now);
end
$$;

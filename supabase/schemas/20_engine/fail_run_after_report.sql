-- Fails a run that can no longer succeed, after a last report: cancels its open steps and makes its judge ready at
-- once, so that the report states what was achieved, what failed and why. The run fails with this reason when the judge
-- has reported (apply_judgement); a run without a pending judge fails now. Returns the functions to wake.
-- Called by fail_step. Expects the tree's lock. Safe to repeat: a second call finds no pending judge, and a run that
-- has ended does not change.
create function goalpost_private.fail_run_after_report(
  p_run_id bigint, p_reason text, p_reason_code text, p_now timestamptz
) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_judge goalpost.steps;
begin
  select * into v_judge from goalpost.steps where run_id = p_run_id and kind = 'judge' and state = 'pending';
  if not found then
    return goalpost_private.end_run(p_run_id, 'failed', p_reason, null, null, p_now, p_reason_code);
  end if;
  update goalpost.workflow_runs set failure = p_reason, reason_code = p_reason_code where id = p_run_id;
  perform goalpost_private.cancel_open_steps(p_run_id, v_judge.key, p_now);
  return goalpost_private.ready_steps(p_run_id, array[v_judge.key], p_now);
end
$$;

-- Cancels the open steps of a run, except one, and everything below its sub-goals. The raised epoch refuses workers
-- that still hold a lease; their model calls count as spent until their actual cost is reported.
create function goalpost_private.cancel_open_steps(p_run_id bigint, p_except text, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_child_run_id bigint;
begin
  update goalpost.steps
     set state = 'cancelled', ended_at = p_now, lease_epoch = lease_epoch + 1, lease_expires_at = null,
         run_after = null
   where run_id = p_run_id and state in ('pending', 'ready', 'running', 'waiting') and key is distinct from p_except;
  update goalpost.approvals set state = 'cancelled', decided_at = p_now
   where run_id = p_run_id and state = 'pending';
  perform goalpost_private.close_calls(p_run_id, null, p_now);
  for v_child_run_id in
    select r.id from goalpost.goals g
      join goalpost.workflow_runs r on r.workspace_id = g.workspace_id and r.goal_id = g.id
     where g.parent_run_id = p_run_id
     order by r.id
  loop
    perform goalpost_private.end_run(v_child_run_id, 'cancelled', 'the goal above it ended', null, null, p_now, 'goal_above_ended');
  end loop;
end
$$;

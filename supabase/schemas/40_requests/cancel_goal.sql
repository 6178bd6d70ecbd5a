-- Cancels a goal with its sub-goals: -> cancelled, and with it the parent's step or the request. Safe to repeat.
-- Definer: people may not write runs and steps.
create function goalpost_private.cancel_goal(p_goal_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_goal goalpost.goals;
  v_run_id bigint;
begin
  select * into v_goal from goalpost.goals where id = p_goal_id;
  perform goalpost_private.require_role(
    v_goal.workspace_id, case when v_goal.user_id = auth.uid() then 'member' else 'admin' end);
  select r.id into v_run_id from goalpost.workflow_runs r
   where r.workspace_id = v_goal.workspace_id and r.goal_id = p_goal_id;
  perform goalpost_private.lock_trees(array[v_run_id]);
  v_now := goalpost_private.clock();
  perform goalpost_private.send_wakes(
    goalpost_private.end_run(v_run_id, 'cancelled', 'cancelled by a person', null, null, v_now), '[]', v_now);
  return (select jsonb_build_object('goal_id', g.id, 'state', g.state) from goalpost.goals g where g.id = p_goal_id);
end
$$;

create function goalpost.cancel_goal(p_goal_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.cancel_goal(p_goal_id) $$;

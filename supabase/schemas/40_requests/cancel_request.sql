-- Cancels a request and everything that followed from it: -> cancelled. Called by its requester and by admins. Safe to
-- repeat. Definer: people may not write runs and steps.
create function goalpost_private.cancel_request(p_request_id bigint) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_request goalpost.requests;
  v_run_id bigint;
  v_reason constant text := 'cancelled by a person';
begin
  select * into v_request from goalpost.requests where id = p_request_id;
  perform goalpost_private.require_role(
    v_request.workspace_id, case when v_request.user_id = auth.uid() then 'member' else 'admin' end);

  -- A request that was not adopted yet has no tree: its own row is the lock.
  update goalpost.requests set state = 'cancelled', reason = v_reason, ended_at = goalpost_private.clock()
   where id = p_request_id and state = 'submitted';
  if not found then
    select min(r.id) into v_run_id from goalpost.workflow_runs r
     where r.workspace_id = v_request.workspace_id and r.request_id = p_request_id;
    perform goalpost_private.lock_trees(array[v_run_id]);
    v_now := goalpost_private.clock();
    perform goalpost_private.end_run(r.id, 'cancelled', v_reason, null, null, v_now)
       from goalpost.workflow_runs r
      where r.workspace_id = v_request.workspace_id and r.request_id = p_request_id and r.state = 'running'
        and r.parent_goal_id is null;
  end if;
  return (select jsonb_build_object('request_id', q.id, 'state', q.state)
            from goalpost.requests q where q.id = p_request_id);
end
$$;

create function goalpost.cancel_request(p_request_id bigint) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.cancel_request(p_request_id) $$;

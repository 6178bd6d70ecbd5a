-- Analyses: a request whose run is one step of kind `analyze`. The analyzer reads the evidence, and its result proposes
-- improvements (apply_analysis).

-- Opens an analysis of a workspace for a person: an accepted request with its run and step, ready. Returns the request.
create function goalpost_private.open_analysis(p_workspace_id uuid, p_user_id uuid, p_now timestamptz) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_request_id bigint;
  v_run_id bigint := nextval('goalpost.workflow_runs_id_seq');
begin
  insert into goalpost.requests (workspace_id, user_id, question, state, created_at)
  values (p_workspace_id, p_user_id, 'Analyse what happened in this workspace', 'accepted', p_now)
  returning id into v_request_id;
  insert into goalpost.workflow_runs
    (id, workspace_id, user_id, workflow_type, request_id, root_run_id, deadline_at, created_at)
  select v_run_id, p_workspace_id, p_user_id, 'request', v_request_id, v_run_id,
         p_now + make_interval(secs => l.max_run_seconds), p_now
    from goalpost_private.limits l;
  insert into goalpost.steps (run_id, key, workspace_id, kind, title, state, run_after)
  values (v_run_id, 'analyze', p_workspace_id, 'analyze', 'Analyse what happened', 'ready', p_now);
  insert into goalpost_private.analysis_schedule as s (workspace_id, changed_at, analysed_at)
  values (p_workspace_id, p_now, p_now)
  on conflict (workspace_id) do update set analysed_at = p_now;
  return v_request_id;
end
$$;

-- Returns the request of an analysis that is under way in a workspace; null if none is.
create function goalpost_private.open_analysis_of(p_workspace_id uuid) returns bigint
language sql stable
set search_path = ''
as $$
  select r.request_id
    from goalpost.requests q
    join goalpost.workflow_runs r on r.workspace_id = q.workspace_id and r.request_id = q.id
    join goalpost.steps s on s.run_id = r.id and s.key = 'analyze' and s.kind = 'analyze'
   where q.workspace_id = p_workspace_id and q.state = 'accepted'
   order by r.id limit 1
$$;

-- Opens the analyses that are due, at most 20: of workspaces that learn, in which something has ended since the last
-- analysis, once an interval has passed. As the workspace's owner of longest standing. Returns the functions to wake.
-- Called by the sweep. Safe to repeat.
create function goalpost_private.open_due_analyses(p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_due record;
  v_functions text[] := '{}';
begin
  for v_due in
    select s.workspace_id, o.user_id
      from goalpost_private.analysis_schedule s
      join goalpost.workspaces w on w.id = s.workspace_id and w.learning <> 'off'
     cross join lateral (
       select m.user_id from goalpost.members m
        where m.workspace_id = w.id and m.role = 'owner' order by m.created_at, m.user_id limit 1) o
     where s.changed_at > s.analysed_at and s.analysed_at <= p_now - make_interval(secs => w.analysis_seconds)
       and goalpost_private.open_analysis_of(w.id) is null
     order by s.analysed_at limit 20
  loop
    perform goalpost_private.open_analysis(v_due.workspace_id, v_due.user_id, p_now);
    v_functions := array['analyzer'];
  end loop;
  return v_functions;
end
$$;

-- Starts an analysis of a workspace as the caller: {"request_id", "started"}. One at a time: if one is under way, it is
-- returned with "started": false. By approvers. Raises ZG001, ZG002. Locks the workspace's analyses.
-- Definer: people may not write runs.
create function goalpost_private.start_analysis(p_workspace_id uuid) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_request_id bigint;
begin
  perform goalpost_private.require_role(p_workspace_id, 'approver');
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.analysis %s', p_workspace_id), 0));
  v_now := goalpost_private.clock();
  v_request_id := goalpost_private.open_analysis_of(p_workspace_id);
  if v_request_id is not null then
    return jsonb_build_object('request_id', v_request_id, 'started', false);
  end if;
  v_request_id := goalpost_private.open_analysis(p_workspace_id, auth.uid(), v_now);
  perform goalpost_private.send_wakes(array['analyzer'], '[]', v_now);
  return jsonb_build_object('request_id', v_request_id, 'started', true);
end
$$;

create function goalpost.start_analysis(p_workspace_id uuid) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.start_analysis(p_workspace_id) $$;

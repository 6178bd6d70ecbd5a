-- Returns what a workspace's retention deletes next: {"retention_days", "cutoff", "requests", "goals", "oldest_at"}, with
-- another number of days if p_days is given. Counts ended requests before the cutoff; those with a decision that waits
-- are deleted once it is made. Changes nothing. Raises ZG001 for a workspace that is not the caller's, ZG003. Definer: a
-- member counts the requests of all.
create function goalpost_private.read_retention(p_workspace_id uuid, p_days integer) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
declare
  v_days integer;
  v_cutoff timestamptz;
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  if p_days not between 1 and 3650 then
    perform goalpost_private.refuse('ZG003', 'work is kept for 1 to 3650 days');
  end if;
  v_days := coalesce(p_days, (select w.retention_days from goalpost.workspaces w where w.id = p_workspace_id));
  v_cutoff := goalpost_private.retention_cutoff(v_days, goalpost_private.clock());
  return (
    select jsonb_build_object('retention_days', v_days, 'cutoff', v_cutoff, 'requests', count(*),
                              'goals', coalesce(sum(g.goals), 0), 'oldest_at', min(q.created_at))
      from goalpost.requests q
     cross join lateral (
       select count(*) as goals from goalpost.goals g where g.workspace_id = p_workspace_id and g.request_id = q.id) g
     where q.workspace_id = p_workspace_id and q.created_at < v_cutoff and q.ended_at < v_cutoff);
end
$$;

create function goalpost.read_retention(p_workspace_id uuid, p_days integer default null) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.read_retention(p_workspace_id, p_days) $$;

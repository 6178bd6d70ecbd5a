-- Departures: work runs with the rights of its requester, so it ends when the requester may not send requests in the
-- workspace any more.

-- Refuses unless the caller is an admin whose role is at least that of this member: ZG001, ZG002. Locks the workspace's
-- row, so that two owners cannot demote or remove each other at once.
create function goalpost_private.require_role_over(p_workspace_id uuid, p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_role text;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  perform from goalpost.workspaces where id = p_workspace_id for no key update;
  select m.role into v_role from goalpost.members m where m.workspace_id = p_workspace_id and m.user_id = p_user_id;
  if not found then
    perform goalpost_private.refuse('ZG001', 'this person is no member of the workspace', 'invite them: invite_member');
  end if;
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  perform goalpost_private.require_role(p_workspace_id, v_role);
end
$$;

-- Refuses to leave a workspace without an owner: ZG004.
create function goalpost_private.refuse_without_owner(p_workspace_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from goalpost.members m where m.workspace_id = p_workspace_id and m.role = 'owner') then
    perform goalpost_private.refuse('ZG004', 'a workspace keeps at least one owner');
  end if;
end
$$;

-- Records a person who may not send requests in a workspace any more, on every path: a removal here, the deletion of
-- the account, a statement of the database's owner. Definer: people who remove members may not write departures.
create function goalpost_private.note_departure() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  insert into goalpost_private.departures (workspace_id, user_id, departed_at)
  values (old.workspace_id, old.user_id, goalpost_private.clock())
  on conflict (workspace_id, user_id) do update set departed_at = excluded.departed_at;
  return null;
end
$$;

create trigger note_departure_of_removed
  after delete on goalpost.members
  for each row when (old.role <> 'viewer') execute function goalpost_private.note_departure();
create trigger note_departure_of_demoted
  after update of role on goalpost.members
  for each row when (old.role <> 'viewer' and new.role = 'viewer') execute function goalpost_private.note_departure();

-- Returns the open trees of people who departed, at most 1,000.
create function goalpost_private.departed_runs() returns bigint[]
language sql stable
set search_path = ''
as $$
  select array(
    select r.id from goalpost_private.departures d
      join goalpost.workflow_runs r on r.workspace_id = d.workspace_id and r.user_id = d.user_id
     where r.state = 'running' and r.parent_goal_id is null
       and not exists (select from goalpost.members m
                        where m.workspace_id = d.workspace_id and m.user_id = d.user_id and m.role <> 'viewer')
     order by r.id limit 1000)
$$;

-- Cancels the open work of people who departed: requests -> cancelled, runs -> cancelled. Called at a departure, and by
-- the sweep for the trees that it has locked: the sweep covers the rest, and requests that were accepted at the same
-- moment; a departure is kept for ten minutes. Safe to repeat. Locks the trees, in their order.
create function goalpost_private.cancel_departed_work(p_runs bigint[], p_now timestamptz) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_reason constant text := 'the person who asked for it may not ask in this workspace any more';
  v_run_id bigint;
  v_cancelled integer := 0;
begin
  if not exists (select from goalpost_private.departures) then
    return 0;
  end if;
  perform goalpost_private.lock_trees(p_runs);
  update goalpost.requests q set state = 'cancelled', reason = v_reason, ended_at = p_now
    from goalpost_private.departures d
   where q.workspace_id = d.workspace_id and q.user_id = d.user_id and q.state = 'submitted'
     and not exists (select from goalpost.members m
                      where m.workspace_id = d.workspace_id and m.user_id = d.user_id and m.role <> 'viewer');
  foreach v_run_id in array p_runs loop
    continue when v_run_id <> all (goalpost_private.departed_runs());
    begin
      perform goalpost_private.end_run(v_run_id, 'cancelled', v_reason, null, null, p_now);
      v_cancelled := v_cancelled + 1;
    exception when others then
      -- An error of one row must not keep the others open.
      raise warning 'run % of a person who departed cannot be cancelled: %', v_run_id, sqlerrm;
    end;
  end loop;
  delete from goalpost_private.departures d
   where d.departed_at < p_now - interval '10 minutes'
     and not exists (select from goalpost.workflow_runs r
                      where r.workspace_id = d.workspace_id and r.user_id = d.user_id and r.state = 'running');
  return v_cancelled;
end
$$;

-- Retention: ended requests older than a workspace's retention_days are deleted with everything that followed from them.
-- Statistics, daily usage, runbooks, agents, lessons and improvements stay.

-- Returns the time before which a workspace's ended requests are deleted.
create function goalpost_private.retention_cutoff(p_retention_days integer, p_now timestamptz) returns timestamptz
language sql immutable
set search_path = ''
as $$ select p_now - p_retention_days * interval '1 day' $$;

-- Returns true if a request ended before its workspace's cutoff, and nothing of it waits for a person.
create function goalpost_private.is_forgettable(p_request goalpost.requests, p_retention_days integer, p_now timestamptz)
returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return p_request.ended_at < goalpost_private.retention_cutoff(p_retention_days, p_now)
     and not exists (
       select from goalpost.workflow_runs r
        where r.workspace_id = p_request.workspace_id and r.request_id = p_request.id
          and (r.state = 'running'
               or exists (select from goalpost.approvals a where a.run_id = r.id and a.state = 'pending')));
end
$$;

-- Returns requests past their workspace's retention, at most p_limit. A request with a decision that waits stays: its
-- proposal may still be approved.
create function goalpost_private.forgettable_requests(p_limit integer, p_now timestamptz) returns bigint[]
language sql stable
set search_path = ''
as $$
  select array(
    select q.id
      from goalpost.workspaces w
     cross join lateral (
       select o.id
         from goalpost.requests o
        where o.workspace_id = w.id and o.created_at < goalpost_private.retention_cutoff(w.retention_days, p_now)
          and goalpost_private.is_forgettable(o, w.retention_days, p_now)
        order by o.created_at limit p_limit) q
     limit p_limit)
$$;

-- Adds the Storage objects of these runs to those that a worker deletes. Their names begin with workspace and run; the
-- comparison is that of Storage's own index. Without Storage there are none.
create function goalpost_private.list_objects_to_delete(p_runs bigint[], p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if to_regclass('storage.objects') is null then
    return;
  end if;
  insert into goalpost_private.objects_to_delete (name, forgotten_at)
  select o.name, p_now
    from goalpost.workflow_runs r
    join storage.objects o
      on o.bucket_id = 'goalpost'
     and o.name collate "C" >= r.workspace_id || '/' || r.id || '/' and o.name collate "C" < r.workspace_id || '/' || r.id || '0'
   where r.id = any (p_runs)
  on conflict do nothing;
end
$$;

-- Returns true if a Storage object of the bucket belonged to deleted work. For the policy under which the worker deletes.
create function goalpost_private.is_object_to_delete(p_name text) returns boolean
language sql stable security definer
set search_path = ''
as $$ select exists (select from goalpost_private.objects_to_delete d where d.name = p_name) $$;

-- Removes the names of objects that are gone, and returns up to 200 of those that are left.
create function goalpost_private.objects_left() returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  if to_regclass('storage.objects') is null then
    return '[]';
  end if;
  delete from goalpost_private.objects_to_delete d
   where not exists (select from storage.objects o where o.bucket_id = 'goalpost' and o.name = d.name);
  return (select coalesce(jsonb_agg(d.name), '[]')
            from (select o.name from goalpost_private.objects_to_delete o order by o.forgotten_at, o.name limit 200) d);
end
$$;

-- Deletes caps of days and months before a workspace's cutoff, and the history of schedules, rules and queues before it:
-- at most p_limit of each. Their usage, or the request they led to, is deleted too; no later call counts against them.
create function goalpost_private.forget_periods(p_limit integer, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  delete from goalpost.budgets b
   where (b.workspace_id, b.scope, b.key) in (
     select o.workspace_id, o.scope, o.key
       from goalpost.budgets o join goalpost.workspaces w on w.id = o.workspace_id
      where o.scope in ('user_day', 'workspace_month')
        and o.created_at + interval '32 days' < goalpost_private.retention_cutoff(w.retention_days, p_now)
      limit p_limit);
  delete from goalpost.schedule_ticks t
   where (t.schedule_id, t.tick_at) in (
     select o.schedule_id, o.tick_at
       from goalpost.workspaces w
      cross join lateral (
        select i.schedule_id, i.tick_at
          from goalpost.schedule_ticks i
         where i.workspace_id = w.id and i.tick_at < goalpost_private.retention_cutoff(w.retention_days, p_now)
         limit p_limit) o
      limit p_limit);
  delete from goalpost.rule_firings f
   where f.id in (
     select o.id from goalpost.rule_firings o join goalpost.workspaces w on w.id = o.workspace_id
      where o.decided_at < goalpost_private.retention_cutoff(w.retention_days, p_now) limit p_limit);
  delete from goalpost.request_messages m
   where m.id in (
     select o.id from goalpost.request_messages o join goalpost.workspaces w on w.id = o.workspace_id
      where o.decided_at < goalpost_private.retention_cutoff(w.retention_days, p_now) limit p_limit);
$$;

-- Deletes up to p_limit requests (at most 100) past their retention, each with its goals, runs, steps, journal,
-- approvals, usage and events, and the caps of its runs. Returns {"forgotten_count", "objects": names of Storage objects
-- to delete, "more"}; a name is returned until its object is gone. Called by the analyzer when its schedule wakes it,
-- again as long as there is more. Safe to repeat, and to run twice at once. Locks the trees.
create function goalpost_worker.forget_work(p_limit integer) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_limit constant integer := greatest(least(coalesce(p_limit, 100), 100), 1);
  v_now timestamptz := goalpost_private.clock();
  v_requests bigint[] := goalpost_private.forgettable_requests(v_limit, v_now);
  v_runs bigint[] := array(select r.id from goalpost.workflow_runs r where r.request_id = any (v_requests));
  v_forgotten integer;
begin
  perform goalpost_private.lock_trees(v_runs);
  -- A person may have reopened one of them before its tree was locked.
  v_requests := array(
    select q.id from goalpost.requests q join goalpost.workspaces w on w.id = q.workspace_id
     where q.id = any (v_requests) and goalpost_private.is_forgettable(q, w.retention_days, v_now));
  v_runs := array(select r.id from goalpost.workflow_runs r where r.request_id = any (v_requests));
  perform goalpost_private.list_objects_to_delete(v_runs, v_now);
  delete from goalpost.budgets b
   using goalpost.workflow_runs r
   where r.id = any (v_runs) and b.workspace_id = r.workspace_id and b.scope = 'run' and b.key = r.id::text;
  delete from goalpost.requests q where q.id = any (v_requests);
  get diagnostics v_forgotten = row_count;
  perform goalpost_private.forget_periods(1000, v_now);
  return jsonb_build_object(
    'forgotten_count', v_forgotten, 'objects', goalpost_private.objects_left(), 'more', v_forgotten = v_limit);
end
$$;

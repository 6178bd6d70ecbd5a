-- Messages are rows, written in the transaction that causes them, for the targets that take the occasion; without such a
-- target nothing is written. Triggers observe approvals, requests and caps, so that every path is covered and no function
-- of the engine has to call this. A wake of the notifier follows; the sweep sends one where it was lost.

-- Returns the first time at which a target may receive a message: now, or the end of its quiet time.
create function goalpost_private.after_quiet_time(p_target goalpost.notification_targets, p_now timestamptz) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  v_local constant timestamp := p_now at time zone p_target.time_zone;
  v_until constant timestamptz := (v_local::date + p_target.quiet_until) at time zone p_target.time_zone;
begin
  if p_target.quiet_from is null
     or (p_target.quiet_from < p_target.quiet_until
         and (v_local::time < p_target.quiet_from or v_local::time >= p_target.quiet_until))
     or (p_target.quiet_from > p_target.quiet_until
         and v_local::time < p_target.quiet_from and v_local::time >= p_target.quiet_until)
  then
    return p_now;
  elsif v_until > p_now then
    return v_until;
  end if;
  return (v_local::date + 1 + p_target.quiet_until) at time zone p_target.time_zone;
end
$$;

-- Writes a message for each target of these people, and of the workspace, that takes the occasion. p_parts:
-- {"approval_id", "approval_version", "request_id", "content"}, all optional. A key that a target has already received is
-- left out; messages above a target's hourly cap are written as dropped. Wakes the notifier. Safe to repeat.
create function goalpost_private.write_notifications(
  p_workspace_id uuid, p_occasion text, p_key text, p_recipients uuid[], p_parts jsonb, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_limit constant integer := (select l.max_notifications_per_hour from goalpost_private.limits l);
  v_written integer;
begin
  insert into goalpost.notifications
    (workspace_id, target_id, user_id, occasion, key, approval_id, approval_version, request_id, content, state, reason,
     next_try_at, created_at, ended_at)
  select t.workspace_id, t.id, t.user_id, p_occasion, p_key, (p_parts ->> 'approval_id')::bigint,
         p_parts ->> 'approval_version', (p_parts ->> 'request_id')::bigint, coalesce(p_parts -> 'content', '{}'),
         case when f.is_full then 'dropped' else 'waiting' end,
         case when f.is_full then format('more than %s messages in an hour', v_limit) end,
         case when not f.is_full then goalpost_private.after_quiet_time(t, p_now) end, p_now,
         case when f.is_full then p_now end
    from goalpost.notification_targets t
   cross join lateral (
     select count(*) >= v_limit as is_full
       from (select from goalpost.notifications n
              where n.workspace_id = t.workspace_id and n.target_id = t.id and n.created_at > p_now - interval '1 hour'
              limit v_limit) n) f
   where t.workspace_id = p_workspace_id and p_occasion = any (t.occasions)
     and (t.user_id is null or t.user_id = any (p_recipients))
  on conflict on constraint one_message_per_target_and_key do nothing;
  get diagnostics v_written = row_count;
  if v_written > 0 then
    perform goalpost_private.send_wake('notifier', v_written, p_now);
  end if;
end
$$;

-- Returns true if a person's decision on a pending approval is awaited: they may decide, and have not approved this
-- version yet. The rule of goalpost.inbox, for a person who is not the caller.
create function goalpost_private.awaits_decision_of(p_approval goalpost.approvals, p_user_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select p_approval.state = 'pending' and p_approval.decided_with is null and exists (
    select from goalpost.members m
      join goalpost.workflow_runs r on r.id = p_approval.run_id
     where m.workspace_id = p_approval.workspace_id and m.user_id = p_user_id
       and case when p_approval.decider_id is not null
                then p_approval.decider_id = m.user_id and goalpost_private.role_rank(m.role) >= goalpost_private.role_rank('member')
                else goalpost_private.role_rank(m.role) >= goalpost_private.role_rank(p_approval.required_role)
                     and (p_approval.requester_may_decide or r.user_id <> m.user_id)
                     and not exists (
                       select from goalpost.approval_votes v
                        where v.approval_id = p_approval.id and v.user_id = m.user_id
                          and v.subject_hash is not distinct from goalpost_private.version_of(p_approval)) end)
$$;

-- Writes the messages about a pending approval, to the people whose decision is awaited. p_except: the person who has just
-- acted on it.
create function goalpost_private.write_approval_notifications(
  p_approval goalpost.approvals, p_occasion text, p_except uuid, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_version constant text := goalpost_private.version_of(p_approval);
begin
  if not exists (select from goalpost.notification_targets t where t.workspace_id = p_approval.workspace_id) then
    return;
  end if;
  perform goalpost_private.write_notifications(
    p_approval.workspace_id, p_occasion,
    concat_ws('/', p_occasion, p_approval.id, coalesce(p_approval.decider_id::text, p_approval.required_role), v_version),
    array(select t.user_id from goalpost.notification_targets t
           where t.workspace_id = p_approval.workspace_id and t.user_id is distinct from p_except
             and goalpost_private.awaits_decision_of(p_approval, t.user_id)),
    jsonb_build_object('approval_id', p_approval.id, 'approval_version', v_version), p_now);
end
$$;

-- Observes approvals: one that is opened, escalates, or is passed on to other deciders or in another version.
create function goalpost_private.notify_of_approval() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform goalpost_private.write_approval_notifications(new, 'approval.requested', null, goalpost_private.clock());
  else
    perform goalpost_private.write_approval_notifications(
      new, case when old.escalates_at is not null and new.escalates_at is null then 'approval.escalated' else 'approval.requested' end,
      auth.uid(), goalpost_private.clock());
  end if;
  return null;
end
$$;

create trigger notify_of_new_approval after insert on goalpost.approvals
  for each row when (new.state = 'pending' and new.decided_with is null)
  execute function goalpost_private.notify_of_approval();
create trigger notify_of_changed_approval after update of required_role, decider_id, edited on goalpost.approvals
  for each row when (new.state = 'pending' and new.decided_with is null
    and (old.required_role, old.decider_id, old.edited) is distinct from (new.required_role, new.decider_id, new.edited))
  execute function goalpost_private.notify_of_approval();

-- Writes the messages about approvals in the last quarter of their time, and within a day of their expiry, at most 100:
-- at random, so that those without a target do not keep the others out. Called by the sweep. Safe to repeat.
create function goalpost_private.notify_of_expiring_approvals(p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_approval goalpost.approvals;
begin
  if not exists (select from goalpost.notification_targets) then
    return;
  end if;
  for v_approval in
    select a.* from goalpost.approvals a
     where a.state = 'pending' and a.decided_with is null and a.expires_at > p_now and a.expires_at <= p_now + interval '1 day'
       and a.expires_at - p_now <= (a.expires_at - a.requested_at) / 4
       and exists (select from goalpost.notification_targets t
                    where t.workspace_id = a.workspace_id and 'approval.expiring' = any (t.occasions))
       and not exists (select from goalpost.notifications n
                        where n.workspace_id = a.workspace_id and n.approval_id = a.id and n.occasion = 'approval.expiring')
     order by random() limit 100
  loop
    perform goalpost_private.write_approval_notifications(v_approval, 'approval.expiring', null, p_now);
  end loop;
end
$$;

-- Observes requests that were answered or failed, with their goals. Analyses are left out: their proposals have
-- approvals of their own.
create function goalpost_private.notify_of_ended_request() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  v_occasion constant text := case new.state when 'failed' then 'request.failed' else 'request.completed' end;
begin
  if exists (select from goalpost.notification_targets t where t.workspace_id = new.workspace_id)
     and not exists (
       select from goalpost.workflow_runs r join goalpost.steps s on s.run_id = r.id and s.key = 'analyze' and s.kind = 'analyze'
        where r.workspace_id = new.workspace_id and r.request_id = new.id)
  then
    perform goalpost_private.write_notifications(
      new.workspace_id, v_occasion, concat_ws('/', v_occasion, new.id, extract(epoch from new.ended_at)), array[new.user_id],
      jsonb_build_object('request_id', new.id), goalpost_private.clock());
  end if;
  return null;
end
$$;

create trigger notify_of_ended_request after update of state on goalpost.requests
  for each row when (old.state <> new.state and new.state in ('answered', 'failed'))
  execute function goalpost_private.notify_of_ended_request();

-- Observes caps of which 80 % are spent: for the requester, the person, or the workspace's admins.
create function goalpost_private.notify_of_budget() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from goalpost.notification_targets t where t.workspace_id = new.workspace_id) then
    return null;
  end if;
  perform goalpost_private.write_notifications(
    new.workspace_id, 'budget.reached', concat_ws('/', 'budget.reached', new.scope, new.key, new.cap_microusd, new.cap_tokens),
    case new.scope
      when 'run' then array(select r.user_id from goalpost.workflow_runs r where r.id = new.key::bigint)
      when 'user_day' then array[split_part(new.key, '/', 1)::uuid]
      else array(select m.user_id from goalpost.members m where m.workspace_id = new.workspace_id and m.role in ('admin', 'owner')) end,
    jsonb_build_object('content', to_jsonb(new) - 'workspace_id' - 'created_at'), goalpost_private.clock());
  return null;
end
$$;

create trigger notify_of_budget after update of spent_microusd, spent_tokens on goalpost.budgets
  for each row when (
    new.cap_microusd > 0 and new.spent_microusd >= new.cap_microusd * 0.8 and old.spent_microusd < old.cap_microusd * 0.8
    or new.cap_tokens > 0 and new.spent_tokens >= new.cap_tokens * 0.8 and old.spent_tokens < old.cap_tokens * 0.8)
  execute function goalpost_private.notify_of_budget();

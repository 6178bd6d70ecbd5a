-- The notifier's part: claims of messages, and the report of what was sent. Messages are no steps: a step belongs to a
-- run, with the requester's rights, budget and journal, and a message outlives its run and goes to others. They follow
-- the same rules: claim, commit, send, record; a token that every claim raises; skipped locks.

-- Returns the reason why a message is not sent any more; null if it is.
create function goalpost_private.reason_to_drop(p_notification goalpost.notifications) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_approval goalpost.approvals;
begin
  if p_notification.approval_id is null then
    return null;
  end if;
  select * into v_approval from goalpost.approvals a where a.id = p_notification.approval_id;
  return case
    when v_approval.state <> 'pending' then 'it was decided before the message was sent: ' || v_approval.state
    when goalpost_private.version_of(v_approval) is distinct from p_notification.approval_version then 'a later version is sent'
    when p_notification.user_id is not null and not goalpost_private.awaits_decision_of(v_approval, p_notification.user_id)
      then 'this person''s decision is not awaited any more' end;
end
$$;

-- Describes an approval for a message. A shared target receives neither question nor content: some members may not read
-- them. Nor does it receive a link, since its readers are several. A renewal has none: it needs the person's own sign-in.
create function goalpost_private.describe_approval_for(p_notification goalpost.notifications) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_approval goalpost.approvals;
  v_described jsonb;
begin
  select * into v_approval from goalpost.approvals a where a.id = p_notification.approval_id;
  select jsonb_build_object(
           'id', v_approval.id, 'kind', v_approval.kind, 'tool', c.tool, 'goal_title', g.title, 'expires_at', v_approval.expires_at,
           'quorum', v_approval.quorum, 'waits_for', case when v_approval.decider_id is null then v_approval.required_role else 'requester' end)
    into v_described
    from (select) one
    left join goalpost.goals g on g.id = v_approval.goal_id
    left join goalpost.tool_calls c on c.run_id = v_approval.run_id and c.step_key = v_approval.step_key and c.number = v_approval.call_number;
  if p_notification.user_id is null then
    return v_described;
  end if;
  v_described := v_described || jsonb_build_object(
    'question', v_approval.question, 'subject', left(coalesce(v_approval.edited, v_approval.subject)::text, 2000));
  if v_approval.kind <> 'renewal' then
    v_described := v_described || jsonb_build_object('link_token', goalpost_private.open_decision_link(p_notification, v_approval));
  end if;
  return v_described;
end
$$;

-- Describes a claimed message with everything that is needed to send it: the target's address and secret, and the lists
-- of the workspace that the address has to be on. The key is the same for every attempt.
create function goalpost_private.describe_notification(p_notification goalpost.notifications) returns jsonb
language plpgsql
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
             'notification_id', p_notification.id, 'attempt', p_notification.attempt, 'occasion', p_notification.occasion,
             'idempotency_key', format('notification_%s_%s', p_notification.workspace_id, p_notification.id),
             'created_at', p_notification.created_at, 'workspace_id', w.id, 'workspace', w.name,
             'webhook_hosts', w.webhook_hosts, 'email_domains', w.email_domains,
             'target', jsonb_build_object('kind', t.kind, 'address', coalesce(s.known ->> 'url', t.shown_address), 'secret', s.known ->> 'secret'),
             'approval', case when p_notification.approval_id is not null then goalpost_private.describe_approval_for(p_notification) end,
             'request', (
               select jsonb_build_object('id', q.id, 'goal_id', q.goal_id, 'question', left(q.question, 2000), 'state', q.state,
                        'reason', left(q.reason, 2000), 'reason_code', q.reason_code,
                        'answer_text', case when p_notification.user_id = q.user_id then left(q.answer_text, 2000) end)
                 from goalpost.requests q where q.id = p_notification.request_id),
             'budget', nullif(p_notification.content, '{}'))
      from goalpost.notification_targets t
      join goalpost.workspaces w on w.id = t.workspace_id
      left join lateral (
        select v.decrypted_secret::jsonb as known from vault.decrypted_secrets v
         where v.name = goalpost_private.target_secret_name(t.id)) s on true
     where t.id = p_notification.target_id);
end
$$;

-- Claims up to p_limit messages that are due, attempt + 1, for p_lease_seconds; acknowledges the wake first. Drops those
-- whose occasion is over, and fails those whose attempts were all lost. Returns the messages to send. Called by the
-- notifier. Safe to repeat: what a lost reply claimed is claimed again after its lease.
create function goalpost_worker.claim_notifications(p_limit integer, p_lease_seconds integer, p_wake_id bigint default null) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_most constant integer := (select l.max_notification_attempts from goalpost_private.limits l);
  v_now timestamptz;
  v_claimed goalpost.notifications;
  v_reason text;
  v_messages jsonb := '[]';
begin
  if p_wake_id is not null then
    update goalpost.wakes set acknowledged_at = goalpost_private.clock() where id = p_wake_id and acknowledged_at is null;
  end if;
  v_now := goalpost_private.clock();
  for v_claimed in
    with due as (
      select n.id from goalpost.notifications n where n.state = 'waiting' and n.next_try_at <= v_now
       order by n.next_try_at, n.id limit least(greatest(p_limit, 1), 100) for no key update skip locked
    )
    update goalpost.notifications n
       set attempt = n.attempt + 1,
           next_try_at = v_now + make_interval(secs => least(greatest(p_lease_seconds, 5), 900))
      from due where n.id = due.id and n.state = 'waiting' and n.next_try_at <= v_now
    returning n.*
  loop
    v_reason := goalpost_private.reason_to_drop(v_claimed);
    if v_reason is not null or v_claimed.attempt > v_most then
      update goalpost.notifications n
         set state = case when v_reason is null then 'failed' else 'dropped' end, next_try_at = null, ended_at = v_now,
             reason = left(coalesce(v_reason, n.reason, 'the notifier ended before it reported, at every attempt'), 1000)
       where n.id = v_claimed.id;
    else
      v_messages := v_messages || jsonb_build_array(goalpost_private.describe_notification(v_claimed));
    end if;
  end loop;
  return v_messages;
end
$$;

-- Records the ends of claimed messages: waiting -> sent | failed, or waiting again, later (`retry`), up to the cap of
-- attempts. p_ends: [{"notification_id", "attempt", "outcome": sent | failed | retry, "reason", "retry_after_seconds"}].
-- Called by the notifier. Safe to repeat, and for an attempt whose lease ran out: an end that is not of the present
-- attempt changes nothing. Returns the number of messages that ended or wait again.
create function goalpost_worker.end_notifications(p_ends jsonb) returns integer
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_most constant integer := (select l.max_notification_attempts from goalpost_private.limits l);
  v_count integer;
begin
  update goalpost.notifications n
     set state = e.state, reason = case when e.state <> 'sent' then left(e.reason, 1000) end,
         ended_at = case when e.state <> 'waiting' then v_now end,
         next_try_at = case when e.state = 'waiting' then v_now + make_interval(secs => greatest(
           goalpost_private.retry_delay_seconds(n.attempt),
           goalpost_private.bounded_integer(e.retry_after_seconds, 0, 0, 86400))) end
    from (
      select o.notification_id, o.attempt, o.reason, o.retry_after_seconds,
             case when o.outcome = 'sent' then 'sent' when o.outcome = 'retry' and o.attempt < v_most then 'waiting' else 'failed' end as state
        from jsonb_to_recordset(p_ends) o (notification_id bigint, attempt integer, outcome text, reason text, retry_after_seconds jsonb)) e
   where n.id = e.notification_id and n.state = 'waiting' and n.attempt = e.attempt;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

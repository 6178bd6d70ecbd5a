-- Runs one round over everything that is overdue or lost its wake. Bounded; safe to repeat and to run twice at once
-- (the second returns at once). One of its two callers suffices: pg_cron, or a schedule outside the database. `more` in
-- the report: there may be more, so the caller starts another round.
-- Locks the trees of the rows it found, then checks each again before it changes anything.
create function goalpost_private.sweep() returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz := goalpost_private.clock();
  v_due record;
  v_departed bigint[];
  v_replaced bigint[];
  v_functions text[] := '{}';
  v_changes record;
  v_taken record;
  v_adopted record;
  v_report jsonb := '{}';
  v_result record;
  v_settled integer;
  v_folded integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('goalpost.sweep', 0)) then
    return '{}';
  end if;

  -- The list of trees is complete before they are locked and does not grow afterwards, so that the locks are taken in
  -- one order.
  v_departed := goalpost_private.departed_runs();
  v_replaced := goalpost_private.runs_to_replace(v_now);
  v_due := goalpost_private.overdue_runs(v_now);
  perform goalpost_private.lock_trees(v_due.runs || v_departed || v_replaced);
  v_result := goalpost_private.take_back_steps(v_due.runs, v_now);
  v_functions := v_functions || v_result.functions;
  v_report := v_report || v_result.report;
  v_result := goalpost_private.end_overdue(v_due.runs, v_now);
  v_functions := v_functions || v_result.functions;
  v_report := v_report || v_result.report;
  v_result := goalpost_private.continue_waiting(v_due.runs, v_now);
  v_functions := v_functions || v_result.functions;
  v_report := v_report || v_result.report;
  v_report := v_report || jsonb_build_object('runs_of_departed_cancelled', goalpost_private.cancel_departed_work(v_departed, v_now));
  -- A row that raises an error stays overdue: a round that moved no due row is the last one.
  v_due.more := v_due.more and exists (select from jsonb_each(v_report) r where r.value <> '0');
  v_functions := v_functions || goalpost_private.open_due_analyses(v_now);
  v_report := v_report || jsonb_build_object('schedules_asked', goalpost_private.open_due_schedules(v_replaced, v_now));
  v_changes := goalpost_private.ask_for_changes(1000, v_now);
  v_taken := goalpost_private.take_queued_requests(1000, v_now);
  v_adopted := goalpost_private.adopt_requests(1000, v_now);
  perform goalpost_private.send_wakes(v_functions || v_changes.functions || v_taken.functions || v_adopted.functions, '[]', v_now);
  perform goalpost_private.notify_of_expiring_approvals(v_now);
  v_settled := goalpost_private.settle_abandoned_turns(v_now);
  v_folded := goalpost_private.fold_statistics(5000, v_now);
  v_report := v_report || jsonb_build_object(
    'changes_asked', v_changes.asked_count, 'messages_taken', v_taken.taken_count, 'requests_adopted', v_adopted.adopted_count, 'turns_settled', v_settled,
    'wakes_sent', goalpost_private.send_overdue_wakes(v_now),
    'more', v_due.more or v_adopted.adopted_count = 1000 or v_changes.asked_count >= 1000 or v_taken.taken_count = 1000 or v_settled > 0 or v_folded = 5000);
  perform goalpost_private.purge(v_now);
  return v_report;
end
$$;

-- Returns runs with overdue rows, at most 100 rows of each kind: at random, so that rows that raise errors do not keep
-- the others out. `more`: some kind may have more rows.
create function goalpost_private.overdue_runs(p_now timestamptz, out runs bigint[], out more boolean)
language sql volatile
set search_path = ''
as $$
  with due (kind, run_id) as materialized (
    (select 'lease', s.run_id from goalpost.steps s where s.state = 'running' and s.lease_expires_at < p_now
      order by random() limit 100)
    union all
    (select 'timeout', s.run_id from goalpost.steps s
      where s.state = 'running' and s.started_at + make_interval(secs => s.timeout_seconds) < p_now
      order by random() limit 100)
    union all
    (select 'timer', s.run_id from goalpost.steps s where s.state = 'waiting' and s.run_after <= p_now
      order by random() limit 100)
    union all
    (select 'expiry', a.run_id from goalpost.approvals a where a.state = 'pending' and a.expires_at <= p_now
      order by random() limit 100)
    union all
    (select 'escalation', a.run_id from goalpost.approvals a where a.state = 'pending' and a.escalates_at <= p_now
      order by random() limit 100)
    union all
    (select 'deadline', r.id from goalpost.workflow_runs r where r.state = 'running' and r.deadline_at <= p_now
      order by random() limit 100)
  )
  select array(select distinct d.run_id from due d),
         exists (select from due d group by d.kind having count(*) >= 100)
$$;

-- Takes steps back from workers whose lease ran out, or that exceeded their time-out.
create function goalpost_private.take_back_steps(p_runs bigint[], p_now timestamptz, out functions text[], out report jsonb)
language plpgsql
set search_path = ''
as $$
declare
  v_step goalpost.steps;
  v_timed_out boolean;
  v_lost integer := 0;
  v_late integer := 0;
begin
  functions := '{}';
  for v_step in
    select s.* from goalpost.steps s
     where s.state = 'running' and s.run_id = any (p_runs)
       and (s.lease_expires_at < p_now or s.started_at + make_interval(secs => s.timeout_seconds) < p_now)
     order by s.run_id, s.key
     limit 200
       for no key update of s -- guards against a heartbeat at the last moment
  loop
    -- The end of an earlier one may have ended the run, and this step with it.
    continue when not exists (
      select from goalpost.steps where run_id = v_step.run_id and key = v_step.key and state = 'running');
    v_timed_out := v_step.started_at + make_interval(secs => v_step.timeout_seconds) < p_now;
    begin
      functions := functions || goalpost_private.fail_step(
        v_step,
        jsonb_build_object(
          'code', case when v_timed_out then 'step_timed_out' else 'lease_expired' end,
          'message', case when v_timed_out then format('took longer than %s seconds', v_step.timeout_seconds)
                          else 'its worker was not heard of any more' end,
          'retryable', true, 'keeps_answers', v_timed_out),
        case when v_timed_out then 'timed_out' else 'lost' end, p_now);
      if v_timed_out then
        v_late := v_late + 1;
      else
        v_lost := v_lost + 1;
      end if;
    exception when others then
      -- An error of one row must not stop this sweep and every later one.
      raise warning 'step % of run % cannot be taken back: %', v_step.key, v_step.run_id, sqlerrm;
    end;
  end loop;
  report := jsonb_build_object('leases_expired', v_lost, 'steps_timed_out', v_late);
end
$$;

-- Ends runs past their deadline and approvals past their expiry; escalates approvals that are due for it.
create function goalpost_private.end_overdue(p_runs bigint[], p_now timestamptz, out functions text[], out report jsonb)
language plpgsql
set search_path = ''
as $$
declare
  v_run_id bigint;
  v_approval goalpost.approvals;
  v_runs integer := 0;
  v_approvals integer := 0;
  v_escalated integer := 0;
begin
  functions := '{}';
  for v_run_id in
    select r.id from goalpost.workflow_runs r
     where r.id = any (p_runs) and r.state = 'running' and r.deadline_at <= p_now order by r.id
  loop
    begin
      functions := functions || goalpost_private.end_run(
        v_run_id, 'failed', 'it took longer than a run may take', null, null, p_now);
      v_runs := v_runs + 1;
    exception when others then
      raise warning 'run % cannot be ended: %', v_run_id, sqlerrm;
    end;
  end loop;

  for v_approval in
    select a.* from goalpost.approvals a
     where a.run_id = any (p_runs) and a.state = 'pending' and a.expires_at <= p_now order by a.id
  loop
    begin
      functions := functions || goalpost_private.expire_approval(v_approval, p_now);
      v_approvals := v_approvals + 1;
    exception when others then
      raise warning 'approval % cannot be ended: %', v_approval.id, sqlerrm;
    end;
  end loop;
  for v_approval in
    select a.* from goalpost.approvals a
     where a.run_id = any (p_runs) and a.state = 'pending' and a.escalates_at <= p_now order by a.id
  loop
    begin
      perform goalpost_private.escalate_approval(v_approval, p_now);
      v_escalated := v_escalated + 1;
    exception when others then
      raise warning 'approval % cannot be escalated: %', v_approval.id, sqlerrm;
    end;
  end loop;
  report := jsonb_build_object(
    'runs_timed_out', v_runs, 'approvals_expired', v_approvals, 'approvals_escalated', v_escalated);
end
$$;

-- Resumes steps that waited for a time: waiting -> ready.
create function goalpost_private.continue_waiting(p_runs bigint[], p_now timestamptz, out functions text[], out report jsonb)
language sql
set search_path = ''
as $$
  with continued as (
    update goalpost.steps s set state = 'ready', run_after = p_now
     where s.run_id = any (p_runs) and s.state = 'waiting' and s.run_after <= p_now
    returning s.kind
  )
  select coalesce(array_agg(goalpost_private.function_of(kind)), '{}'),
         jsonb_build_object('timers_fired', count(*))
    from continued
$$;

-- Sends wakes for ready work and messages that have been due for a second: their wake was lost, or they waited for a
-- retry's time; and for every step that has to be claimed alone.
create function goalpost_private.send_overdue_wakes(p_now timestamptz) returns integer
language sql
set search_path = ''
as $$
  select coalesce(sum(goalpost_private.send_wake(w.function, w.ready, p_now, w.alone)), 0)::integer
    from (
      select goalpost_private.function_of(k.kind) as function, sum(r.ready)::integer as ready, sum(r.alone)::integer as alone
        from (values ('assess'), ('plan'), ('agent'), ('tool'), ('judge'), ('analyze')) k (kind)
       cross join lateral (
         select count(*) filter (where not s.is_alone) as ready, count(*) filter (where s.is_alone) as alone
           from (select a.is_alone
                   from goalpost.steps s
                  cross join lateral (select goalpost_private.may_be_poison(s.attempt, s.error) as is_alone) a
                  where s.state = 'ready' and s.kind = k.kind
                    and s.run_after <= p_now - case when a.is_alone then interval '0' else interval '1 second' end
                  limit 1000) s) r
       group by 1
      having sum(r.ready + r.alone) > 0
      union all
      select 'notifier', count(*)::integer, 0
        from (select from goalpost.notifications n
               where n.state = 'waiting' and n.next_try_at <= p_now - interval '1 second' limit 1000) n
      having count(*) > 0) w
$$;

-- Deletes rows that are only of temporary use: old wakes, expired memories, messages of a month ago unless their link is
-- still of use, and pg_cron's own log, which it never purges.
create function goalpost_private.purge(p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  delete from goalpost.wakes
   where id in (select id from goalpost.wakes where sent_at < p_now - interval '1 day' order by sent_at limit 1000);
  delete from goalpost.memories
   where id in (select id from goalpost.memories where expires_at < p_now order by expires_at limit 1000);
  delete from goalpost.notifications
   where id in (select n.id from goalpost.notifications n
                 where n.state <> 'waiting' and n.ended_at < p_now - interval '30 days'
                   and not exists (select from goalpost.approvals a where a.id = n.approval_id and a.state = 'pending')
                 order by n.ended_at limit 1000);
  delete from cron.job_run_details
   where runid in (select runid from cron.job_run_details where end_time < p_now - interval '1 day' limit 1000);
$$;

-- Runs one round of the sweep for a schedule outside the database. Called by every function when its schedule wakes it,
-- again as long as the report contains `more`.
create function goalpost_worker.sweep() returns jsonb
language sql security definer
set search_path = ''
as $$ select goalpost_private.sweep() $$;

-- pg_cron runs one instance of a job at a time. The job is named, so that applying this file again replaces it. Rounds
-- of one transaction each until nothing is due, at most 200: the next run of the job continues. A block and not a
-- procedure: a procedure with its own search_path may not commit, and one without it would be a finding of every audit.
select cron.schedule('goalpost-sweep', '10 seconds', $cron$
do $sweep$
begin
  for v_round in 1 .. 200 loop
    exit when not coalesce((goalpost_private.sweep() ->> 'more')::boolean, false);
    commit;
  end loop;
end
$sweep$
$cron$);

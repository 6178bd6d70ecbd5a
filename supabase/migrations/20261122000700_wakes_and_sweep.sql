-- Wakes: how functions are told to look. And the sweep, which finds what no wake reached.
--
-- A wake is a row and, where an endpoint is set, a signed POST by pg_net in the same transaction. pg_net loses,
-- repeats and delays; the row is for people and for coalescing, and nothing waits for an answer.
--
-- Who rings: every call that left work ready which it did not claim itself. It does not ring where a bell is
-- already ringing: an unacknowledged wake means that a drain is about to look. That is safe because the drain
-- acknowledges (updates the wake) before it looks, and we hold a share lock on that wake until our work is
-- committed: either the drain waits for us and then sees our work, or it had acknowledged before and we ring.

-- Signs a body as Standard Webhooks does: HMAC-SHA256 over "id.timestamp.body", base64, prefix v1.
-- https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
create function goalpost_private.sign_webhook(p_secret text, p_id text, p_timestamp bigint, p_body text) returns text
language sql immutable
set search_path = ''
as $$
  select 'v1,' || encode(
    extensions.hmac(
      convert_to(p_id || '.' || p_timestamp || '.' || p_body, 'UTF8'),
      decode(regexp_replace(p_secret, '^whsec_', ''), 'base64'), 'sha256'), 'base64')
$$;

-- Posts one wake to a function's endpoint. Without an endpoint or a secret nothing is sent: schedules still find it.
create function goalpost_private.post_wake(p_wake goalpost.wakes) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_url text := (select e.url from goalpost_private.endpoints e where e.function = p_wake.function);
  -- Several secrets may be live during a rotation, newest first, separated by a space.
  v_secret text := (select split_part(s.decrypted_secret, ' ', 1) from vault.decrypted_secrets s
                     where s.name = 'goalpost_wake_secret');
  v_id text := 'wake_' || p_wake.id;
  v_timestamp bigint := extract(epoch from goalpost_private.clock())::bigint;
  v_body jsonb := jsonb_build_object(
    'type', 'INSERT', 'table', 'wakes', 'schema', 'goalpost', 'old_record', null,
    'record', jsonb_build_object('id', p_wake.id, 'function', p_wake.function, 'ready_count', p_wake.ready_count));
begin
  if v_url is null or v_secret is null then
    return;
  end if;
  perform net.http_post(
    url := v_url,
    body := v_body,
    headers := jsonb_build_object(
      'content-type', 'application/json', 'webhook-id', v_id, 'webhook-timestamp', v_timestamp::text,
      'webhook-signature', goalpost_private.sign_webhook(v_secret, v_id, v_timestamp, v_body::text)),
    timeout_milliseconds := 1000);
end
$$;

-- Rings one function's bell for p_ready newly ready steps: ⌈ready ÷ batch⌉ times, at most max_rings, less the
-- bells that are ringing already.
create function goalpost_private.ring_function(p_function text, p_ready integer, p_now timestamptz) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_wanted integer;
  v_ringing integer;
  v_wake goalpost.wakes;
begin
  select least(ceil(p_ready::numeric / coalesce(e.batch_size, 10)), coalesce(e.max_rings, 8)) into v_wanted
    from (select) one left join goalpost_private.endpoints e on e.function = p_function;

  select count(*) into v_ringing
    from (select from goalpost.wakes w
           where w.function = p_function and w.acknowledged_at is null and w.rung_at > p_now - interval '2 seconds'
           limit v_wanted
             for share skip locked) w;

  for v_count in 1 .. v_wanted - v_ringing loop
    insert into goalpost.wakes (function, ready_count, rung_at) values (p_function, p_ready, p_now)
    returning * into v_wake;
    perform goalpost_private.post_wake(v_wake);
  end loop;
  return greatest(v_wanted - v_ringing, 0);
end
$$;

-- Rings for what a transaction made ready (p_functions: one element per step) and did not claim itself: claimed
-- steps that became ready at this very moment (their run_after is the transaction's time) need no bell.
create function goalpost_private.ring(p_functions text[], p_claimed jsonb, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  select goalpost_private.ring_function(w.function, w.ready, p_now)
    from (
      select f.function, (count(*) - coalesce(t.taken, 0))::integer as ready
        from unnest(p_functions) f (function)
        left join (
          select goalpost_private.function_of(s.kind) as function, count(*) as taken
            from jsonb_to_recordset(p_claimed) c (run_id bigint, step_key text)
            join goalpost.steps s on s.run_id = c.run_id and s.key = c.step_key
           where s.run_after = p_now
           group by 1) t using (function)
       where f.function is not null
       group by f.function, t.taken
      having count(*) > coalesce(t.taken, 0)) w
   order by w.function;
$$;

-- Tells where a function's bell hangs. Called by a deploy, or by the local stack, as the database's owner.
create function goalpost_private.set_endpoint(p_function text, p_url text, p_batch_size integer, p_max_rings integer)
returns void
language sql
set search_path = ''
as $$
  insert into goalpost_private.endpoints (function, url, batch_size, max_rings)
  values (p_function, p_url, p_batch_size, p_max_rings)
  on conflict (function) do update
    set url = excluded.url, batch_size = excluded.batch_size, max_rings = excluded.max_rings;
$$;

-- Refuses more open requests than a workspace may have, by whichever way they come (ZG006). Once per statement.
create function goalpost_private.refuse_too_many_requests() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  if exists (
    select from goalpost.workspaces w
     where w.id in (select i.workspace_id from inserted i)
       and (select count(*) from goalpost.requests q
             where q.workspace_id = w.id and q.state in ('submitted', 'accepted')) > w.max_open_requests)
  then
    perform goalpost_private.refuse('ZG006', 'the workspace has too many open requests',
      'wait until some have ended, cancel some, or raise workspaces.max_open_requests');
  end if;
  return null;
end
$$;
create trigger refuse_too_many_requests
  after insert on goalpost.requests
  referencing new table as inserted
  for each statement execute function goalpost_private.refuse_too_many_requests();

-- Rings intake when people insert requests directly. Once per statement; observes and wakes, nothing else.
create function goalpost_private.wake_for_requests() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  v_count integer := (select count(*) from inserted where state = 'submitted');
begin
  if v_count > 0 then
    perform goalpost_private.ring_function('intake', v_count, goalpost_private.clock());
  end if;
  return null;
end
$$;
create trigger wake_for_requests
  after insert on goalpost.requests
  referencing new table as inserted
  for each statement execute function goalpost_private.wake_for_requests();

-- One look for everything that time or a lost wake has left behind. Bounded; safe to repeat and to run twice at
-- once (the second leaves at once). Either of its two callers suffices: pg_cron, or a schedule outside the database.
-- Locks the trees of what it found, then looks again before it changes anything.
create function goalpost_private.sweep() returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz := goalpost_private.clock();
  v_runs bigint[];
  v_functions text[] := '{}';
  v_adopted record;
  v_report jsonb := '{}';
  v_duty record;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('goalpost.sweep', 0)) then
    return '{}';
  end if;

  -- What is found now is locked and then worked; nothing is added to it under way, so that the locks are taken
  -- in one order.
  v_runs := goalpost_private.overdue_runs(v_now);
  perform goalpost_private.lock_trees(v_runs);
  v_duty := goalpost_private.take_back_steps(v_runs, v_now);
  v_functions := v_functions || v_duty.functions;
  v_report := v_report || v_duty.report;
  v_duty := goalpost_private.end_overdue(v_runs, v_now);
  v_functions := v_functions || v_duty.functions;
  v_report := v_report || v_duty.report;
  v_duty := goalpost_private.continue_waiting(v_runs, v_now);
  v_functions := v_functions || v_duty.functions;
  v_report := v_report || v_duty.report;
  v_adopted := goalpost_private.adopt_requests(1000, v_now);
  v_report := v_report || jsonb_build_object('requests_adopted', v_adopted.adopted_count);
  perform goalpost_private.ring(v_functions || v_adopted.functions, '[]', v_now);
  v_report := v_report || jsonb_build_object('turns_settled', goalpost_private.settle_abandoned_turns(v_now));
  v_report := v_report || jsonb_build_object('wakes_rung', goalpost_private.ring_for_forgotten(v_now));
  perform goalpost_private.purge(v_now);
  return v_report;
end
$$;

-- Runs that something is overdue in, at most 100 of each kind: at random, so that rows that cannot be mended do not
-- keep the others from their turn.
create function goalpost_private.overdue_runs(p_now timestamptz) returns bigint[]
language sql volatile
set search_path = ''
as $$
  select array(
    (select s.run_id from goalpost.steps s where s.state = 'running' and s.lease_expires_at < p_now
      order by random() limit 100)
    union
    (select s.run_id from goalpost.steps s
      where s.state = 'running' and s.started_at + make_interval(secs => s.timeout_seconds) < p_now
      order by random() limit 100)
    union
    (select s.run_id from goalpost.steps s where s.state = 'waiting' and s.run_after <= p_now
      order by random() limit 100)
    union
    (select a.run_id from goalpost.approvals a where a.state = 'pending' and a.expires_at <= p_now
      order by random() limit 100)
    union
    (select a.run_id from goalpost.approvals a where a.state = 'pending' and a.escalates_at <= p_now
      order by random() limit 100)
    union
    (select r.id from goalpost.workflow_runs r where r.state = 'running' and r.deadline_at <= p_now
      order by random() limit 100))
$$;

-- Takes steps back from workers whose lease ran out, or that took longer than their time-out.
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
       for no key update of s -- against a heartbeat at the last moment
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
          'retryable', true),
        case when v_timed_out then 'timed_out' else 'lost' end, p_now);
      if v_timed_out then
        v_late := v_late + 1;
      else
        v_lost := v_lost + 1;
      end if;
    exception when others then
      -- What one row raises must not keep all others from being found, now and at every sweep to come.
      raise warning 'step % of run % cannot be taken back: %', v_step.key, v_step.run_id, sqlerrm;
    end;
  end loop;
  report := jsonb_build_object('leases_expired', v_lost, 'steps_timed_out', v_late);
end
$$;

-- Ends an approval that nobody decided: pending -> expired. The end of an earlier one may have cancelled it.
create function goalpost_private.expire_approval(p_approval goalpost.approvals, p_now timestamptz) returns text[]
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.approvals set state = 'expired', decided_at = p_now
   where id = p_approval.id and state = 'pending'
  returning * into p_approval;
  if not found then
    return '{}';
  end if;
  return goalpost_private.settle_approval(p_approval, p_now);
end
$$;

-- Ends runs past their deadline, and approvals that nobody decided; lets others decide what nobody decided so far.
create function goalpost_private.end_overdue(p_runs bigint[], p_now timestamptz, out functions text[], out report jsonb)
language plpgsql
set search_path = ''
as $$
declare
  v_run_id bigint;
  v_approval goalpost.approvals;
  v_runs integer := 0;
  v_approvals integer := 0;
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
    exception when others then
      raise warning 'approval % cannot be escalated: %', v_approval.id, sqlerrm;
    end;
  end loop;
  report := jsonb_build_object('runs_timed_out', v_runs, 'approvals_expired', v_approvals);
end
$$;

-- Continues steps that waited for a time: waiting -> ready.
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

-- Rings for ready work that has been due for a second and still lies there: its wake was lost, or it waited for a
-- retry's time.
create function goalpost_private.ring_for_forgotten(p_now timestamptz) returns integer
language sql
set search_path = ''
as $$
  select coalesce(sum(goalpost_private.ring_function(w.function, w.ready, p_now)), 0)::integer
    from (
      select goalpost_private.function_of(k.kind) as function, sum(r.ready)::integer as ready
        from (values ('assess'), ('plan'), ('agent'), ('tool'), ('judge')) k (kind)
       cross join lateral (
         select count(*) as ready
           from (select from goalpost.steps s
                  where s.state = 'ready' and s.kind = k.kind and s.run_after <= p_now - interval '1 second'
                  limit 1000) s) r
       group by 1
      having sum(r.ready) > 0) w
$$;

-- Forgets what is only of use for a while: old wakes, memories past their time, and pg_cron's own log, which it never
-- purges.
create function goalpost_private.purge(p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  delete from goalpost.wakes
   where id in (select id from goalpost.wakes where rung_at < p_now - interval '1 day' order by rung_at limit 1000);
  delete from goalpost.memories
   where id in (select id from goalpost.memories where expires_at < p_now order by expires_at limit 1000);
  delete from cron.job_run_details
   where runid in (select runid from cron.job_run_details where end_time < p_now - interval '1 day' limit 1000);
$$;

-- The sweep for a schedule outside the database. Called by every function when its schedule wakes it.
create function goalpost_worker.sweep() returns jsonb
language sql security definer
set search_path = ''
as $$ select goalpost_private.sweep() $$;

-- Measures what runbooks and agents achieved: counts, cost, mean duration. Recomputed from the rows of work, so safe
-- to repeat. Called by the analyzer on its schedule. A success is a run (or step) that ended completed.
create function goalpost_worker.measure_facts() returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now timestamptz := goalpost_private.clock();
  v_runbooks integer;
  v_agents integer;
begin
  insert into goalpost.runbook_facts as f (runbook_id, uses, successes, cost_microusd, mean_duration_ms, measured_at)
  select r.runbook_id, count(*), count(*) filter (where r.state = 'completed'), coalesce(sum(u.cost), 0),
         (avg(extract(epoch from r.ended_at - r.created_at)) * 1000)::bigint, v_now
    from goalpost.workflow_runs r
   cross join lateral (select sum(e.cost_microusd) as cost from goalpost.usage_events e where e.run_id = r.id) u
   where r.runbook_id is not null and r.state <> 'running'
   group by r.runbook_id
  on conflict (runbook_id) do update
    set uses = excluded.uses, successes = excluded.successes, cost_microusd = excluded.cost_microusd,
        mean_duration_ms = excluded.mean_duration_ms, measured_at = excluded.measured_at;
  get diagnostics v_runbooks = row_count;

  insert into goalpost.agent_facts as f (agent_id, uses, successes, cost_microusd, mean_duration_ms, measured_at)
  select s.agent_id, count(*), count(*) filter (where s.state = 'completed'), coalesce(sum(u.cost), 0),
         (avg(extract(epoch from s.ended_at - s.started_at)) * 1000)::bigint, v_now
    from goalpost.steps s
   cross join lateral (select sum(e.cost_microusd) as cost from goalpost.usage_events e
                        where e.run_id = s.run_id and e.step_key = s.key) u
   where s.agent_id is not null and s.state in ('completed', 'failed')
   group by s.agent_id
  on conflict (agent_id) do update
    set uses = excluded.uses, successes = excluded.successes, cost_microusd = excluded.cost_microusd,
        mean_duration_ms = excluded.mean_duration_ms, measured_at = excluded.measured_at;
  get diagnostics v_agents = row_count;
  return jsonb_build_object('runbooks', v_runbooks, 'agents', v_agents);
end
$$;

-- pg_cron runs one instance of a job at a time. Named, so that applying this again replaces it.
select cron.schedule('goalpost-sweep', '10 seconds', 'select goalpost_private.sweep()');

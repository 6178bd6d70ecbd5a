-- Wakes start drains of functions; the sweep finds ready work that no wake reached.
--
-- A wake is a row and, where an endpoint is set, a signed POST by pg_net in the same transaction. pg_net loses, repeats
-- and delays requests; the row is for people and for coalescing, and no transaction waits for a response.
--
-- A call sends wakes for work that it made ready and did not claim itself, except where a wake is outstanding: an
-- unacknowledged wake means that a drain is about to read the ready steps. That is safe because the drain acknowledges
-- (updates the wake) before it reads, and this transaction holds a share lock on that wake until its work is committed:
-- either the drain waits for the lock and then sees the work, or it had acknowledged before and a new wake is sent.

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

-- Posts one wake to a function's endpoint. Without an endpoint or a secret it sends nothing: schedules still find the
-- work.
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

-- Counts the drains that work in intake now: the workers that hold an assess step, except those in which a person waits
-- for their own request (the runtime names them person/…), because these claim no other work.
create function goalpost_private.live_intake_drains() returns integer
language sql stable
set search_path = ''
as $$
  select count(distinct s.leased_by)::integer
    from goalpost.steps s
   where s.state = 'running' and s.kind = 'assess' and s.leased_by not like 'person/%'
$$;

-- Sends wakes to one function: one per batch of p_ready steps and one per step that has to be claimed alone, at most
-- max_wakes, less the wakes that are not acknowledged yet. ready_count contains both. People call intake too, so there
-- the drains that work already count as well: wakes never take more than max_wakes of its concurrency. A drain claims
-- again whenever one of its steps ends; steps that become ready between its last claim and its end wait for the sweep.
create function goalpost_private.send_wake(
  p_function text, p_ready integer, p_now timestamptz, p_alone integer default 0
) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_needed integer;
  v_outstanding integer;
  v_wake goalpost.wakes;
begin
  select least(ceil(p_ready::numeric / coalesce(e.batch_size, 10)) + p_alone, coalesce(e.max_wakes, 8)) into v_needed
    from (select) one left join goalpost_private.endpoints e on e.function = p_function;

  if p_function = 'intake' then
    v_needed := least(
      v_needed,
      (select coalesce(max(e.max_wakes), 8) from goalpost_private.endpoints e where e.function = p_function)
        - goalpost_private.live_intake_drains());
    if v_needed <= 0 then
      return 0;
    end if;
  end if;

  select count(*) into v_outstanding
    from (select from goalpost.wakes w
           where w.function = p_function and w.acknowledged_at is null and w.sent_at > p_now - interval '2 seconds'
           limit v_needed
             for share skip locked) w;

  for v_count in 1 .. v_needed - v_outstanding loop
    insert into goalpost.wakes (function, ready_count, sent_at) values (p_function, p_ready + p_alone, p_now)
    returning * into v_wake;
    perform goalpost_private.post_wake(v_wake);
  end loop;
  return greatest(v_needed - v_outstanding, 0);
end
$$;

-- Sends wakes for the steps that a transaction made ready (p_functions: one element per step) and did not claim itself:
-- claimed steps that became ready at this very moment (their run_after is the transaction's time) need no wake.
create function goalpost_private.send_wakes(p_functions text[], p_claimed jsonb, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  select goalpost_private.send_wake(w.function, w.ready, p_now)
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

-- Sends wakes for steps of these kinds that a claim left because each has to be claimed alone. Every such claim tops up
-- the wakes under way, so that there are as many workers as such steps, within max_wakes at a time.
create function goalpost_private.send_wakes_for_isolated_steps(p_kinds text[], p_left integer, p_now timestamptz) returns void
language sql
set search_path = ''
as $$
  select goalpost_private.send_wake(f.function, 0, p_now, p_left)
    from (select distinct goalpost_private.function_of(k) as function from unnest(p_kinds) k) f
   where f.function is not null
   order by f.function
$$;

-- Sets a function's endpoint. Called by a deploy, or by the local stack, as the database's owner.
create function goalpost_private.set_endpoint(p_function text, p_url text, p_batch_size integer, p_max_wakes integer)
returns void
language sql
set search_path = ''
as $$
  insert into goalpost_private.endpoints (function, url, batch_size, max_wakes)
  values (p_function, p_url, p_batch_size, p_max_wakes)
  on conflict (function) do update
    set url = excluded.url, batch_size = excluded.batch_size, max_wakes = excluded.max_wakes;
$$;

-- Claims: the first RPC of every drain, and the helpers that finish_steps shares with it.
-- Claims and heartbeats take no tree lock: they skip locked rows and do not block. finish_steps locks the trees of all
-- its outcomes first.

-- Returns true if a step may have crashed its last worker: that attempt's lease ran out. Such a step is claimed alone,
-- because steps that are claimed together lose their attempt together when the worker dies.
create function goalpost_private.may_be_poison(p_attempt integer, p_error jsonb) returns boolean
language sql immutable
set search_path = ''
as $$ select p_attempt > 1 and p_error ->> 'code' is not distinct from 'lease_expired' $$;

-- Ranks the steps of these kinds that may be claimed now, in fair order: every workspace's best step comes before any
-- workspace's second best; within a workspace by priority, then steps that the same call has just opened (a run that
-- has begun ends before the next one begins), then by age. Locks nothing: other claims may be faster, so it returns
-- more candidates than p_limit.
create function goalpost_private.rank_candidates(
  p_kinds text[], p_limit integer, p_opened goalpost.steps[], p_with_isolated boolean, p_now timestamptz
) returns table (run_id bigint, key text, is_opened boolean, is_isolated boolean, place bigint)
language sql stable
set search_path = ''
as $$
  -- Walks the index from workspace to workspace, so that the backlog of one tenant does not slow down the claims of
  -- others.
  with recursive space (kind, workspace_id) as (
    select k.kind, (select s.workspace_id from goalpost.steps s where s.state = 'ready' and s.kind = k.kind
                     order by s.workspace_id limit 1)
      from unnest(p_kinds) k (kind)
    union all
    select p.kind, (select s.workspace_id from goalpost.steps s where s.state = 'ready' and s.kind = p.kind
                       and s.workspace_id > p.workspace_id order by s.workspace_id limit 1)
      from space p where p.workspace_id is not null
  ),
  candidate as (
    select c.*, row_number() over (
             partition by c.workspace_id order by c.priority desc, c.is_opened desc, c.run_after, c.run_id, c.key) as turn
      from (
        select c.*
          from (select * from space where workspace_id is not null) w
         cross join lateral (
           select s.run_id, s.key, s.workspace_id, s.priority, s.run_after, false as is_opened,
                  s.attempt > 1 and goalpost_private.may_be_poison(s.attempt, s.error) as is_isolated
             from goalpost.steps s
            where s.state = 'ready' and s.kind = w.kind and s.workspace_id = w.workspace_id and s.run_after <= p_now
              and s.attempt <= s.max_attempts
              and (p_with_isolated or s.attempt = 1 or not goalpost_private.may_be_poison(s.attempt, s.error))
            order by s.priority desc, s.run_after
            limit p_limit * 4) c
        union all
        select o.run_id, o.key, o.workspace_id, o.priority, p_now, true, false
          from unnest(p_opened) o where o.kind = any (p_kinds)) c
  )
  select c.run_id, c.key, c.is_opened, c.is_isolated,
         row_number() over (order by c.turn, c.priority desc, c.run_after, c.run_id, c.key)
    from candidate c
$$;

-- A step that is about to be claimed, and its place in the order of claims.
create type goalpost_private.chosen_step as (run_id bigint, key text, place bigint);

-- Claims up to p_limit steps of these kinds, epoch + 1: ready ones, and those that the same call has just opened
-- (p_opened, under their tree's lock): ready | pending -> running. In the order of rank_candidates. Takes no tree lock
-- and does not block: locked steps are skipped. A step that may be poison is claimed alone, by a worker that holds no
-- other step (p_with_isolated); `isolated_left` is the number of such steps that were passed over, for which the caller
-- sends wakes.
-- With p_run_id only that run's steps are claimed, and none that may be poison.
create function goalpost_private.take_steps(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_opened goalpost.steps[],
  p_with_isolated boolean, p_now timestamptz, p_run_id bigint,
  out taken goalpost.steps[], out isolated_left integer
)
language plpgsql
set search_path = ''
as $$
declare
  v_chosen goalpost_private.chosen_step[];
begin
  isolated_left := 0;
  if p_run_id is not null then
    with ready as (
      select s.run_id, s.key
        from goalpost.steps s
       where s.run_id = p_run_id and s.state = 'ready' and s.kind = any (p_kinds) and s.run_after <= p_now
         and s.attempt <= s.max_attempts and not (s.attempt > 1 and goalpost_private.may_be_poison(s.attempt, s.error))
       order by s.priority desc, s.key
       limit p_limit
         for no key update of s skip locked
    )
    select array_agg((r.run_id, r.key, 1)::goalpost_private.chosen_step) into v_chosen from ready r;
  elsif exists (select from goalpost.steps s where s.state = 'ready' and s.kind = any (p_kinds)) then
    with found as materialized (
      select * from goalpost_private.rank_candidates(p_kinds, p_limit, p_opened, p_with_isolated, p_now)
    ),
    -- Another worker may hold the lock of the first isolated step: then the next one is claimed, and ordinary steps if
    -- all are locked. State and time are compared again, here and below, because another claim may have changed them
    -- since rank_candidates read them.
    alone as materialized (
      select s.run_id, s.key, f.place
        from found f
        join goalpost.steps s on s.run_id = f.run_id and s.key = f.key
       where f.is_isolated and (select first.is_isolated from found first where first.place = 1)
         and s.state = 'ready' and s.run_after <= p_now
       order by f.place
       limit 1
         for no key update of s skip locked
    ),
    ranked as materialized (
      select f.* from found f where not f.is_isolated and not exists (select from alone)
    ),
    -- Already locked by this transaction, through the tree's lock.
    opened as (select r.run_id, r.key, r.place from ranked r where r.is_opened and r.place <= p_limit),
    ready as (
      select s.run_id, s.key, r.place
        from ranked r
        join goalpost.steps s on s.run_id = r.run_id and s.key = r.key
       where not r.is_opened and s.state = 'ready' and s.run_after <= p_now
       order by r.place
       limit p_limit - (select count(*) from opened)
         for no key update of s skip locked
    )
    select array_agg((c.run_id, c.key, c.place)::goalpost_private.chosen_step),
           (select count(*) from found f where f.is_isolated) - (select count(*) from alone)
      into v_chosen, isolated_left from (table alone union all table opened union all table ready) c;
  else
    -- No other step is ready: the opened steps are all candidates. The order is that of rank_candidates.
    select array_agg((o.run_id, o.key, o.number)::goalpost_private.chosen_step order by o.number)
      into v_chosen
      from (select o.run_id, o.key, row_number() over (order by o.turn, o.priority desc, o.run_id, o.key) as number
              from (select o.*, row_number() over (partition by o.workspace_id order by o.priority desc, o.run_id, o.key) as turn
                      from unnest(p_opened) o where o.kind = any (p_kinds)) o) o
     where o.number <= p_limit;
  end if;
  if v_chosen is null then
    return;
  end if;

  with moved as (
    update goalpost.steps s
       set state = 'running', lease_epoch = s.lease_epoch + 1,
           lease_expires_at = p_now + make_interval(secs => p_lease_seconds),
           leased_by = p_worker, started_at = coalesce(s.started_at, p_now), remaining_dependencies = 0
      from unnest(v_chosen) c
     where s.run_id = c.run_id and s.key = c.key and s.state in ('pending', 'ready')
    returning s as step, c.place
  )
  select array_agg(m.step order by m.place) into taken from moved m;
end
$$;

-- Returns the steps that a worker holds although it never received them, because the reply of its claim was lost.
-- Called when a call is repeated; p_holding lists the steps that the worker did receive. Renews the lease; epoch and
-- attempt stay, since the work has not begun. A worker's name identifies one drain, so no other worker holds steps
-- under it.
create function goalpost_private.recall_steps(
  p_worker text, p_holding jsonb, p_lease_seconds integer, p_now timestamptz
) returns goalpost.steps[]
language plpgsql
set search_path = ''
as $$
declare
  v_recalled goalpost.steps[];
begin
  with held as (
    select s.run_id, s.key
      from goalpost.steps s
     where s.state = 'running' and s.leased_by = p_worker
       and not exists (
         select from jsonb_to_recordset(p_holding) h (run_id bigint, step_key text)
          where h.run_id = s.run_id and h.step_key = s.key)
       -- Another transaction is changing the locked rows. Waiting for them without a tree's lock could deadlock.
       for no key update of s skip locked
  ),
  recalled as (
    update goalpost.steps s
       set lease_expires_at = p_now + make_interval(secs => p_lease_seconds)
      from held h
     where s.run_id = h.run_id and s.key = h.key
    returning s as step
  )
  select array_agg(r.step order by (r.step).run_id, (r.step).key) into v_recalled from recalled r;
  return v_recalled;
end
$$;

-- Opens the agents of these steps where their run has no open instance yet. Inserts in one order, so that two claims
-- cannot deadlock.
create function goalpost_private.deploy_agents(p_steps goalpost.steps[], p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from unnest(p_steps) s where s.agent_id is not null) then
    return;
  end if;
  insert into goalpost.agent_instances (run_id, agent_id, workspace_id, opened_at)
  select distinct s.run_id, s.agent_id, s.workspace_id, p_now
    from unnest(p_steps) s
   where s.agent_id is not null
   order by s.run_id, s.agent_id
  on conflict do nothing;
end
$$;

-- Returns true if a step of these kinds that has to be claimed alone is ready, and this worker holds no step.
create function goalpost_private.may_claim_isolated_step(p_kinds text[], p_worker text, p_now timestamptz) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (select from goalpost.steps s
                  where s.state = 'ready' and s.attempt > 1 and s.kind = any (p_kinds) and s.run_after <= p_now
                    and goalpost_private.may_be_poison(s.attempt, s.error))
         and not exists (select from goalpost.steps s where s.state = 'running' and s.leased_by = p_worker);
end
$$;

-- Claims steps, deploys the agents that are needed for the first time, and describes each step with its whole context,
-- so that the worker needs one call. `claimed` is a jsonb array. Opened steps that were not claimed become ready;
-- `functions` lists the functions to wake for them, `isolated_left` counts the steps that wait to be claimed alone.
-- A repeated call (p_holding is not null) first returns the steps of the lost reply (recall_steps). A worker that may
-- hold other steps (not p_with_isolated) claims an isolated step only if it holds none.
create function goalpost_private.claim_described(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_holding jsonb, p_opened goalpost.steps[],
  p_with_isolated boolean, p_now timestamptz, p_run_id bigint default null, out claimed jsonb, out functions text[],
  out isolated_left integer
)
language plpgsql
set search_path = ''
as $$
declare
  v_steps goalpost.steps[];
  v_taken goalpost.steps[];
  v_left goalpost.steps[];
  v_with_isolated boolean;
begin
  if p_limit is null or p_limit < 0 or p_limit > 100 then
    perform goalpost_private.refuse('ZG003', 'the limit must be between 0 and 100');
  end if;
  if p_lease_seconds is null or p_lease_seconds < 1 or p_lease_seconds > 3600 then
    perform goalpost_private.refuse('ZG003', 'the lease must be between 1 and 3600 seconds');
  end if;

  claimed := '[]';
  functions := '{}';
  isolated_left := 0;
  if p_holding is not null then
    v_steps := goalpost_private.recall_steps(p_worker, p_holding, p_lease_seconds, p_now);
  end if;
  if p_limit > coalesce(cardinality(v_steps), 0) then
    v_with_isolated := v_steps is null
      and (p_with_isolated or goalpost_private.may_claim_isolated_step(p_kinds, p_worker, p_now));
    select t.taken, t.isolated_left into v_taken, isolated_left
      from goalpost_private.take_steps(
        p_kinds, p_limit - coalesce(cardinality(v_steps), 0), p_lease_seconds, p_worker, p_opened,
        v_with_isolated, p_now, p_run_id) t;
    v_steps := v_steps || v_taken;
  end if;
  if v_steps is not null then
    perform goalpost_private.deploy_agents(v_steps, p_now);
    claimed := goalpost_private.describe_claimed(v_steps, p_now);
    -- Steps that do not fit into a readable reply become ready again before they are described: a claim whose reply is
    -- never read, or that takes too long, costs all of its steps an attempt, those of other workspaces included.
    if jsonb_array_length(claimed) < cardinality(v_steps) then
      update goalpost.steps s
         set state = 'ready', lease_expires_at = null, run_after = p_now, started_at = null
        from unnest(v_steps[jsonb_array_length(claimed) + 1 :]) b
       where s.run_id = b.run_id and s.key = b.key;
    end if;
  end if;
  v_left := array(
    select o from unnest(p_opened) o
     where not exists (select from unnest(v_steps) s where s.run_id = o.run_id and s.key = o.key));
  if cardinality(v_left) > 0 then
    functions := goalpost_private.make_ready(v_left, p_now);
  end if;
end
$$;

-- Claims ready work for a function that has just been woken. Replies the described steps.
-- Called by every function at the start of a drain. Safe to repeat with p_holding (recall_steps); without it, the steps
-- of a lost reply stay leased until the lease runs out. The wake is acknowledged first, in the same transaction: a
-- transaction that makes work ready later then sends a new wake instead of relying on this one (send_wakes.sql). With
-- p_run_id, a person waits for this run: only its steps are claimed, and no requests are adopted or asked by rules.
create function goalpost_worker.claim_steps(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_wake_id bigint default null,
  p_holding jsonb default null, p_run_id bigint default null
) returns jsonb
language plpgsql security definer
set search_path = ''
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  v_now timestamptz;
  v_functions text[] := '{}';
  v_claimed record;
begin
  if p_wake_id is not null then
    update goalpost.wakes set acknowledged_at = goalpost_private.clock()
     where id = p_wake_id and acknowledged_at is null;
  end if;
  v_now := goalpost_private.clock();
  if 'assess' = any (p_kinds) and p_run_id is null then
    v_functions := (goalpost_private.ask_for_changes(100, v_now)).functions
      || (goalpost_private.take_queued_requests(100, v_now)).functions || (goalpost_private.adopt_requests(1000, v_now)).functions;
  end if;
  v_claimed := goalpost_private.claim_described(
    p_kinds, p_limit, p_lease_seconds, left(p_worker, 100), p_holding, null, true, v_now, p_run_id);
  if cardinality(v_functions) > 0 then
    perform goalpost_private.send_wakes(v_functions, v_claimed.claimed, v_now);
  end if;
  if v_claimed.isolated_left > 0 then
    perform goalpost_private.send_wakes_for_isolated_steps(p_kinds, v_claimed.isolated_left, v_now);
  end if;
  return v_claimed.claimed;
end
$$;

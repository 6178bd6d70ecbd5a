-- The engine, second half: claims, outcomes and heartbeats: what the functions call, and what each call does.
-- Claims and heartbeats take no tree lock: they skip what is locked and wait for nobody. finish_steps locks the trees
-- of all its outcomes first.

-- Returns true if a step may be what its last worker died of: that attempt's lease ran out. Such a step is claimed alone,
-- so that it takes no other with it: what is claimed together dies together, and comes back together.
create function goalpost_private.may_be_poison(p_attempt integer, p_error jsonb) returns boolean
language sql immutable
set search_path = ''
as $$ select p_attempt > 1 and p_error ->> 'code' is not distinct from 'lease_expired' $$;

-- Ready steps of these kinds that may be claimed now, the fairest first: every workspace's best step comes before any
-- workspace's second best; within a workspace, by priority, then what the same call has just opened (a run that was
-- begun is ended before the next one is begun), then by age. Locks nothing: others may be faster, so more are found than are wanted.
create function goalpost_private.rank_candidates(
  p_kinds text[], p_limit integer, p_opened goalpost.steps[], p_with_suspects boolean, p_now timestamptz
) returns table (run_id bigint, key text, is_opened boolean, is_suspect boolean, place bigint)
language sql stable
set search_path = ''
as $$
  -- Walks the index from workspace to workspace, so that one tenant's backlog costs the others nothing.
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
                  s.attempt > 1 and goalpost_private.may_be_poison(s.attempt, s.error) as is_suspect
             from goalpost.steps s
            where s.state = 'ready' and s.kind = w.kind and s.workspace_id = w.workspace_id and s.run_after <= p_now
              and s.attempt <= s.max_attempts
              and (p_with_suspects or s.attempt = 1 or not goalpost_private.may_be_poison(s.attempt, s.error))
            order by s.priority desc, s.run_after
            limit p_limit * 4) c
        union all
        select o.run_id, o.key, o.workspace_id, o.priority, p_now, true, false
          from unnest(p_opened) o where o.kind = any (p_kinds)) c
  )
  select c.run_id, c.key, c.is_opened, c.is_suspect,
         row_number() over (order by c.turn, c.priority desc, c.run_after, c.run_id, c.key)
    from candidate c
$$;

-- A step that is about to be claimed, and its place in the order of claims.
create type goalpost_private.chosen_step as (run_id bigint, key text, place bigint);

-- Claims up to p_limit steps of these kinds, epoch + 1: ready ones, and those that the same call has just opened
-- (p_opened, under their tree's lock): ready | pending -> running. Takes no tree lock and waits for nobody: locked
-- steps are skipped. In the order of rank_candidates. A suspect is claimed alone, by a worker that holds nothing yet
-- (p_with_suspects); `suspects_left` is how many were passed over, for others to be woken.
-- With p_run_id only that run's steps are claimed, and no suspect.
create function goalpost_private.take_steps(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_opened goalpost.steps[],
  p_with_suspects boolean, p_now timestamptz, p_run_id bigint,
  out taken goalpost.steps[], out suspects_left integer
)
language plpgsql
set search_path = ''
as $$
declare
  v_chosen goalpost_private.chosen_step[];
begin
  suspects_left := 0;
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
      select * from goalpost_private.rank_candidates(p_kinds, p_limit, p_opened, p_with_suspects, p_now)
    ),
    -- Another worker may hold the first suspect's lock: then the next one, and plain steps if all are locked. State and
    -- time are compared again, here and below, because another claim may have changed them since rank_candidates looked.
    alone as materialized (
      select s.run_id, s.key, f.place
        from found f
        join goalpost.steps s on s.run_id = f.run_id and s.key = f.key
       where f.is_suspect and (select first.is_suspect from found first where first.place = 1)
         and s.state = 'ready' and s.run_after <= p_now
       order by f.place
       limit 1
         for no key update of s skip locked
    ),
    ranked as materialized (
      select f.* from found f where not f.is_suspect and not exists (select from alone)
    ),
    -- Ours already, by the tree's lock.
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
           (select count(*) from found f where f.is_suspect) - (select count(*) from alone)
      into v_chosen, suspects_left from (table alone union all table opened union all table ready) c;
  else
    -- Nothing else is ready: what was opened is all there is. The order is that of rank_candidates.
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

-- What a worker holds without knowing it: the reply that handed it out was lost. Given when a call is repeated:
-- p_holding is what it knows that it holds. The lease begins anew; epoch and attempt stay, since nobody began.
-- A worker's name is that of one drain: what it holds, nobody else holds under that name.
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
       -- What is locked is being moved by somebody. Waiting for it, without a tree's lock, two could wait crosswise.
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

-- Opens the agents of these steps where their run has none open yet. In one order: two claims never wait for each other
-- crosswise.
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

-- Returns true if a step of these kinds that has to be claimed alone is ready, and this worker holds none.
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

-- Claims, deploys the agents that are needed for the first time, and describes each step with all that its worker
-- has to know, so that one call is enough. `claimed` is a jsonb array. What was opened and not claimed is made ready;
-- `functions` says whom to wake for it, `suspects_left` how many steps wait to be claimed alone.
-- A repeated call (p_holding is given) is handed first what it holds unknowingly. A worker that may hold others
-- (not p_with_suspects) is given a suspect only if it turns out to hold none.
create function goalpost_private.claim_described(
  p_kinds text[], p_limit integer, p_lease_seconds integer, p_worker text, p_holding jsonb, p_opened goalpost.steps[],
  p_with_suspects boolean, p_now timestamptz, p_run_id bigint default null, out claimed jsonb, out functions text[],
  out suspects_left integer
)
language plpgsql
set search_path = ''
as $$
declare
  v_steps goalpost.steps[];
  v_taken goalpost.steps[];
  v_left goalpost.steps[];
  v_with_suspects boolean;
begin
  if p_limit is null or p_limit < 0 or p_limit > 100 then
    perform goalpost_private.refuse('ZG003', 'the limit must be between 0 and 100');
  end if;
  if p_lease_seconds is null or p_lease_seconds < 1 or p_lease_seconds > 3600 then
    perform goalpost_private.refuse('ZG003', 'the lease must be between 1 and 3600 seconds');
  end if;

  claimed := '[]';
  functions := '{}';
  suspects_left := 0;
  if p_holding is not null then
    v_steps := goalpost_private.recall_steps(p_worker, p_holding, p_lease_seconds, p_now);
  end if;
  if p_limit > coalesce(cardinality(v_steps), 0) then
    v_with_suspects := v_steps is null
      and (p_with_suspects or goalpost_private.may_claim_isolated_step(p_kinds, p_worker, p_now));
    select t.taken, t.suspects_left into v_taken, suspects_left
      from goalpost_private.take_steps(
        p_kinds, p_limit - coalesce(cardinality(v_steps), 0), p_lease_seconds, p_worker, p_opened,
        v_with_suspects, p_now, p_run_id) t;
    v_steps := v_steps || v_taken;
  end if;
  if v_steps is not null then
    perform goalpost_private.deploy_agents(v_steps, p_now);
    claimed := goalpost_private.describe_claimed(v_steps, p_now);
    -- What would make the reply too large to be read goes back, without being looked at: a claim whose reply nobody
    -- reads, or that takes too long, costs all of its steps, and those of other workspaces among them, an attempt.
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

-- Claims ready work for a function that has just been woken.
-- Called by every function at the start of a drain. Safe to repeat with p_holding: see recall_steps; without it, what a
-- lost answer handed out stays leased until the lease runs out. Acknowledging the wake first, in the same transaction, closes the gap between "nothing to
-- do" and work that became ready while a bell was thought to be ringing already (ring.sql). With p_run_id, a person
-- waits for this run: only its steps are claimed, and nothing else is done for anybody.
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
    v_functions := (goalpost_private.adopt_requests(1000, v_now)).functions;
  end if;
  v_claimed := goalpost_private.claim_described(
    p_kinds, p_limit, p_lease_seconds, left(p_worker, 100), p_holding, null, true, v_now, p_run_id);
  if cardinality(v_functions) > 0 then
    perform goalpost_private.send_wakes(v_functions, v_claimed.claimed, v_now);
  end if;
  if v_claimed.suspects_left > 0 then
    perform goalpost_private.send_wakes_for_isolated_steps(p_kinds, v_claimed.suspects_left, v_now);
  end if;
  return v_claimed.claimed;
end
$$;

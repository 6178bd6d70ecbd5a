-- Asks the questions whose time has come: each tick once, by its key.

-- Returns the request of a schedule that has not ended; null if there is none.
create function goalpost_private.open_request_of_schedule(p_schedule goalpost.schedules) returns bigint
language sql stable
set search_path = ''
as $$
  select q.id
    from goalpost.schedule_ticks t
    join goalpost.requests q on q.workspace_id = t.workspace_id and q.id = t.request_id
   where t.workspace_id = p_schedule.workspace_id and t.schedule_id = p_schedule.id and q.state in ('submitted', 'accepted')
   order by t.tick_at desc limit 1
$$;

-- Returns the schedules whose next tick is due and that do not wait for their last request, at most 20, the longest due
-- first.
create function goalpost_private.due_schedules(p_now timestamptz) returns setof goalpost.schedules
language sql stable
set search_path = ''
as $$
  select s.*
    from goalpost.schedules s
   where s.state = 'active' and s.next_at <= p_now
     and not (s.overlap = 'queue' and goalpost_private.open_request_of_schedule(s) is not null)
   order by s.next_at limit 20
$$;

-- Returns the root runs of requests that a due tick replaces. Called by the sweep, which locks their trees.
create function goalpost_private.runs_to_replace(p_now timestamptz) returns bigint[]
language sql stable
set search_path = ''
as $$
  select coalesce(array_agg(r.id), '{}')
    from goalpost_private.due_schedules(p_now) s
    join goalpost.workflow_runs r
      on r.workspace_id = s.workspace_id and r.request_id = goalpost_private.open_request_of_schedule(s)
   where s.overlap = 'replace' and r.parent_goal_id is null
$$;

-- Ends the request that a tick replaces. The sweep holds its tree's lock.
create function goalpost_private.replace_request(p_request_id bigint, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  update goalpost.requests q set state = 'cancelled', reason = 'replaced by the next tick of its schedule', ended_at = p_now
   where q.id = p_request_id and q.state = 'submitted';
  perform goalpost_private.end_run(r.id, 'cancelled', 'replaced by the next tick of its schedule', null, null, p_now)
     from goalpost.workflow_runs r
    where r.request_id = p_request_id and r.state = 'running' and r.parent_goal_id is null;
end
$$;

-- Asks for one tick, and records what came of it. A request that is refused, for example over the cap on open ones or for
-- a person who has left, is recorded with the reason.
create function goalpost_private.ask_for_tick(
  p_schedule goalpost.schedules, p_tick_at timestamptz, p_now timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_open constant bigint := goalpost_private.open_request_of_schedule(p_schedule);
  v_request_id bigint;
  v_outcome text := 'asked';
  v_reason text;
begin
  if v_open is not null and p_schedule.overlap <> 'replace' then
    v_outcome := 'skipped';
    v_reason := format('request %s had not ended', v_open);
  elsif not exists (select from goalpost.members m
                     where m.workspace_id = p_schedule.workspace_id and m.user_id = p_schedule.user_id and m.role <> 'viewer') then
    v_outcome := 'refused';
    v_reason := 'the person who asks is no member who may ask any more';
  else
    begin
      if v_open is not null then
        perform goalpost_private.replace_request(v_open, p_now);
      end if;
      insert into goalpost.requests (workspace_id, user_id, question, idempotency_key, context, runbook, parameters, budget, created_at)
      values (p_schedule.workspace_id, p_schedule.user_id, p_schedule.question,
              format('schedule %s at %s', p_schedule.id, to_char(p_tick_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
              p_schedule.context, p_schedule.runbook, p_schedule.parameters, p_schedule.budget, p_now)
      returning id into v_request_id;
    exception
      when others then
        v_outcome := 'refused';
        v_reason := left(sqlerrm, 1000);
    end;
  end if;
  insert into goalpost.schedule_ticks (workspace_id, schedule_id, tick_at, outcome, request_id, reason, decided_at)
  values (p_schedule.workspace_id, p_schedule.id, p_tick_at, v_outcome, v_request_id, v_reason, p_now)
  on conflict (schedule_id, tick_at) do nothing;
end
$$;

-- Asks for the due ticks of a schedule, the latest `catch_up` of them, and sets the next one. Ticks that are left out
-- after a standstill are one row: missed, at the first of them.
create function goalpost_private.open_due_ticks(p_schedule goalpost.schedules, p_now timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  v_window interval;
  v_tick timestamptz;
  v_ticks timestamptz[];
begin
  -- A long standstill has too many ticks to go through: the latest hours or days are enough, if they have as many as are
  -- asked.
  foreach v_window in array array[interval '2 hours', interval '2 days', interval '100 years'] loop
    v_tick := greatest(p_schedule.next_at, goalpost_private.next_tick(p_schedule.cron, p_schedule.time_zone, p_now - v_window));
    v_ticks := '{}';
    while v_tick <= p_now and cardinality(v_ticks) < 3000 loop
      v_ticks := v_ticks || v_tick;
      v_tick := goalpost_private.next_tick(p_schedule.cron, p_schedule.time_zone, v_tick);
    end loop;
    exit when cardinality(v_ticks) >= p_schedule.catch_up or v_ticks[1] = p_schedule.next_at;
  end loop;
  v_ticks := v_ticks[greatest(1, cardinality(v_ticks) - p_schedule.catch_up + 1):];
  if p_schedule.next_at < v_ticks[1] then
    insert into goalpost.schedule_ticks (workspace_id, schedule_id, tick_at, outcome, reason, decided_at)
    values (p_schedule.workspace_id, p_schedule.id, p_schedule.next_at, 'missed',
            format('this tick and those before %s were missed', to_char(v_ticks[1] at time zone p_schedule.time_zone, 'YYYY-MM-DD HH24:MI')), p_now)
    on conflict (schedule_id, tick_at) do nothing;
  end if;
  perform goalpost_private.ask_for_tick(p_schedule, t, p_now) from unnest(v_ticks) t order by t;
  update goalpost.schedules s
     set next_at = v_tick, state = case when v_tick is null then 'paused' else s.state end
   where s.id = p_schedule.id;
end
$$;

-- Asks for all due ticks. Called by the sweep, one at a time, with the runs whose trees it has locked. Safe to repeat.
create function goalpost_private.open_due_schedules(p_locked bigint[], p_now timestamptz) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_schedule goalpost.schedules;
  v_count integer := 0;
begin
  for v_schedule in select * from goalpost_private.due_schedules(p_now) loop
    -- Locked against a person who changes, pauses or removes it.
    select * into v_schedule from goalpost.schedules s
     where s.id = v_schedule.id and s.state = 'active' and s.next_at <= p_now for update skip locked;
    continue when not found;
    -- A request that came since the trees were locked is replaced in the next round.
    continue when v_schedule.overlap = 'replace' and exists (
      select from goalpost.workflow_runs r
       where r.request_id = goalpost_private.open_request_of_schedule(v_schedule) and r.parent_goal_id is null
         and r.id <> all (p_locked));
    perform goalpost_private.open_due_ticks(v_schedule, p_now);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

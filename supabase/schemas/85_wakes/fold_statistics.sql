-- Statistics and totals: ends of runs and steps, and booked costs, append a row to unfolded_statistics; a fold adds the
-- rows to the totals. Neither reads history, and the totals have one writer.

-- Writes the requester, and the runbook that the run follows now, into a booked call. They are stored with the row,
-- since a run may follow another runbook later, and a late end has to change the totals to which the estimate was
-- added.
create function goalpost_private.attribute_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  select r.user_id, r.runbook_id into new.user_id, new.runbook_id from goalpost.workflow_runs r where r.id = new.run_id;
  return new;
end
$$;

create trigger attribute_usage before insert on goalpost.usage_events
  for each row execute function goalpost_private.attribute_usage();

-- Appends the cost of a booked call for the totals, or the difference when a late end replaces an estimate.
create function goalpost_private.append_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into goalpost.unfolded_statistics
    (workspace_id, day, user_id, agent_id, runbook_id, provider, model, calls, input_tokens, output_tokens,
     cost_microusd, estimated_microusd)
  values
    (new.workspace_id, (new.created_at at time zone 'UTC')::date, new.user_id, new.agent_id, new.runbook_id,
     new.provider, new.model, case tg_op when 'INSERT' then 1 else 0 end,
     new.input_tokens - case tg_op when 'INSERT' then 0 else old.input_tokens end,
     new.output_tokens - case tg_op when 'INSERT' then 0 else old.output_tokens end,
     new.cost_microusd - case tg_op when 'INSERT' then 0 else old.cost_microusd end,
     case when new.is_estimate then new.cost_microusd else 0 end
     - case when tg_op = 'UPDATE' and old.is_estimate then old.cost_microusd else 0 end);
  return null;
end
$$;

create trigger append_usage after insert or update of input_tokens, output_tokens, cost_microusd, is_estimate on goalpost.usage_events
  for each row execute function goalpost_private.append_usage();

-- Appends the end of a run for its runbook, and the ends of its agents' steps for each agent: p_sign 1 when the run
-- ends, -1 when it is reopened, before its steps change. Cancelled runs and steps are no evidence about a runbook or an
-- agent.
create function goalpost_private.append_ends(p_run goalpost.workflow_runs, p_sign integer, p_has_agents boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_run.runbook_id is not null and p_run.state <> 'cancelled' then
    insert into goalpost.unfolded_statistics (workspace_id, day, runbook_id, uses, successes, duration_ms)
    values (p_run.workspace_id, (p_run.ended_at at time zone 'UTC')::date, p_run.runbook_id, p_sign,
            case p_run.state when 'completed' then p_sign else 0 end,
            p_sign * round(extract(epoch from p_run.ended_at - p_run.created_at) * 1000));
  end if;
  if p_has_agents then
    insert into goalpost.unfolded_statistics (workspace_id, day, agent_id, uses, successes, duration_ms)
    select p_run.workspace_id, (p_run.ended_at at time zone 'UTC')::date, s.agent_id, p_sign * count(*),
           p_sign * count(*) filter (where s.state = 'completed'),
           p_sign * round(coalesce(sum(extract(epoch from s.ended_at - s.started_at)), 0) * 1000)
      from goalpost.steps s
     where s.run_id = p_run.id and s.agent_id is not null and s.state in ('completed', 'failed')
     group by s.agent_id;
  end if;
  perform goalpost_private.append_credits(p_run, p_sign);
end
$$;

-- Returns the lessons that led to the outcome of a run: those that its steps received, and for a root goal those that
-- the assessment received.
create function goalpost_private.lessons_of_run(p_run goalpost.workflow_runs) returns setof bigint
language sql stable
set search_path = ''
as $$
  select distinct m.id
    from goalpost.memory_uses u
    join goalpost.memories m on m.id = u.memory_id
   where u.run_id = any (array[p_run.id, case when p_run.parent_goal_id is null then p_run.root_run_id end])
     and m.kind = 'lesson'
$$;

-- Appends the outcome of a run for each lesson that led to it (lessons_of_run). A request whose assessment opened a goal
-- has its outcome with the goal.
create function goalpost_private.append_credits(p_run goalpost.workflow_runs, p_sign integer) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into goalpost.unfolded_statistics (workspace_id, day, memory_id, uses, successes)
  select p_run.workspace_id, (p_run.ended_at at time zone 'UTC')::date, l, p_sign, case p_run.state when 'completed' then p_sign else 0 end
    from goalpost_private.lessons_of_run(p_run) l
   where p_run.state <> 'cancelled'
     and (p_run.goal_id is not null
          or not exists (select from goalpost.requests q where q.id = p_run.request_id and q.goal_id is not null));
end
$$;

-- Adds up to p_limit appended rows to the totals and deletes them; returns their number. One statement, so that readers
-- see each row either appended or added. Safe to repeat. Called by the sweep and by the analyzer.
-- Locks: one fold at a time; a second one returns 0 at once.
create function goalpost_private.fold_statistics(p_limit integer, p_now timestamptz) returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('goalpost.fold_statistics', 0)) then
    return 0;
  end if;
  with folded as (
    delete from goalpost.unfolded_statistics u
     where u.id in (select o.id from goalpost.unfolded_statistics o order by o.id limit p_limit)
    returning u.*
  ),
  usage as (
    insert into goalpost.daily_usage as d
      (workspace_id, day, user_id, agent_id, runbook_id, provider, model, calls, input_tokens, output_tokens,
       cost_microusd, estimated_microusd)
    select f.workspace_id, f.day, f.user_id, f.agent_id, f.runbook_id, f.provider, f.model, sum(f.calls),
           sum(f.input_tokens), sum(f.output_tokens), sum(f.cost_microusd), sum(f.estimated_microusd)
      from folded f
     where f.user_id is not null
     group by f.workspace_id, f.day, f.user_id, f.agent_id, f.runbook_id, f.provider, f.model
    on conflict on constraint one_row_per_day_person_agent_runbook_and_model do update
      set calls = d.calls + excluded.calls, input_tokens = d.input_tokens + excluded.input_tokens,
          output_tokens = d.output_tokens + excluded.output_tokens,
          cost_microusd = d.cost_microusd + excluded.cost_microusd,
          estimated_microusd = d.estimated_microusd + excluded.estimated_microusd
  ),
  runbooks as (
    insert into goalpost.runbook_statistics as s
      (workspace_id, runbook_id, uses, successes, duration_ms, cost_microusd, recent_uses, recent_successes, folded_at)
    select f.workspace_id, f.runbook_id, sum(f.uses), sum(f.successes), sum(f.duration_ms), sum(f.cost_microusd),
           sum(f.uses), sum(f.successes), p_now
      from folded f
      join goalpost.runbooks b on b.id = f.runbook_id
     group by f.workspace_id, f.runbook_id
    on conflict (workspace_id, runbook_id) do update
      set uses = s.uses + excluded.uses, successes = s.successes + excluded.successes,
          duration_ms = s.duration_ms + excluded.duration_ms, cost_microusd = s.cost_microusd + excluded.cost_microusd,
          -- A correction of a faded run can leave less than nothing.
          recent_uses = greatest(s.recent_uses * goalpost_private.fading(s.folded_at, p_now) + excluded.recent_uses, 0),
          recent_successes = greatest(
            s.recent_successes * goalpost_private.fading(s.folded_at, p_now) + excluded.recent_successes, 0),
          folded_at = p_now
  ),
  agents as (
    insert into goalpost.agent_statistics as s
      (workspace_id, agent_id, uses, successes, duration_ms, cost_microusd, folded_at)
    select f.workspace_id, f.agent_id, sum(f.uses), sum(f.successes), sum(f.duration_ms), sum(f.cost_microusd), p_now
      from folded f
      join goalpost.agents a on a.id = f.agent_id
     group by f.workspace_id, f.agent_id
    on conflict (workspace_id, agent_id) do update
      set uses = s.uses + excluded.uses, successes = s.successes + excluded.successes,
          duration_ms = s.duration_ms + excluded.duration_ms, cost_microusd = s.cost_microusd + excluded.cost_microusd,
          folded_at = p_now
  ),
  lessons as (
    insert into goalpost.memory_statistics as s (workspace_id, memory_id, uses, successes, folded_at)
    select f.workspace_id, f.memory_id, sum(f.uses), sum(f.successes), p_now
      from folded f
      join goalpost.memories m on m.workspace_id = f.workspace_id and m.id = f.memory_id
     group by f.workspace_id, f.memory_id
    on conflict (workspace_id, memory_id) do update
      set uses = s.uses + excluded.uses, successes = s.successes + excluded.successes, folded_at = p_now
  ),
  -- The first analysis follows an interval after the first end.
  changed as (
    insert into goalpost_private.analysis_schedule as c (workspace_id, changed_at, analysed_at)
    select distinct f.workspace_id, p_now, p_now - interval '1 microsecond' from folded f
    on conflict (workspace_id) do update set changed_at = p_now
  )
  select count(*) into v_count from folded;
  return v_count;
end
$$;

-- Folds for the analyzer: {"folded", "more"}. `more`: call again. Safe to repeat.
create function goalpost_worker.fold_statistics() returns jsonb
language sql security definer
set search_path = ''
as $$
  select jsonb_build_object('folded', f.count, 'more', f.count = 5000)
    from goalpost_private.fold_statistics(5000, goalpost_private.clock()) f (count)
$$;

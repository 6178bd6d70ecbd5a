-- Writes a schedule of the caller: {"schedule_id", "name", "state", "next_at"}. p_schedule: {"name", "question", "cron",
-- "time_zone" (the workspace's if absent), "overlap", "catch_up", "context", "runbook", "parameters", "budget"}. A name that
-- exists is replaced, with its history kept, by its person or an admin, who becomes the person who asks. By members. Safe to
-- repeat. Raises ZG001, ZG002, ZG003, ZG006 (100 schedules), ZG007. Definer: people may not write schedules.
create function goalpost_private.set_schedule(p_workspace_id uuid, p_schedule jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_now constant timestamptz := goalpost_private.clock();
  v_problem text;
  v_zone text;
  v_next timestamptz;
  v_schedule goalpost.schedules;
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  perform goalpost_private.refuse_unfit_shape('the schedule', p_schedule, 262144);
  v_problem := goalpost_private.json_problem('{
    "type": "object", "additionalProperties": false, "required": ["name", "question", "cron"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "question": {"type": "string", "minLength": 1, "maxLength": 16000},
      "cron": {"type": "string", "minLength": 9, "maxLength": 200},
      "time_zone": {"type": "string", "minLength": 1, "maxLength": 100},
      "overlap": {"enum": ["skip", "queue", "replace"]},
      "catch_up": {"type": "integer", "minimum": 1, "maximum": 100},
      "context": {"type": "object"}, "runbook": {"type": "string", "minLength": 1, "maxLength": 200},
      "parameters": {"type": "object"}, "budget": {"type": "object"}}}', coalesce(p_schedule, 'null'), 'the schedule');
  v_zone := coalesce(p_schedule ->> 'time_zone', (select w.time_zone from goalpost.workspaces w where w.id = p_workspace_id));
  v_problem := coalesce(v_problem, case when goalpost_private.trimmed(p_schedule ->> 'question') = '' then 'the question is empty' end);
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
  -- What a request may not be would be refused at every tick.
  perform goalpost_private.refuse_unfit_object(n, p_schedule -> n) from unnest(array['context', 'parameters']) n where p_schedule ? n;
  v_problem := goalpost_private.cron_problem(p_schedule ->> 'cron', v_zone);
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem, goalpost_private.cron_hint());
  end if;
  v_next := goalpost_private.next_tick(p_schedule ->> 'cron', v_zone, v_now);
  if p_schedule ? 'budget' then
    perform goalpost_private.refuse_unfit_budget(p_schedule -> 'budget');
  end if;
  if p_schedule ? 'runbook' then
    perform goalpost_private.refuse_bad_requests(p_workspace_id, jsonb_build_array(p_schedule));
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.schedules %s', p_workspace_id), 0));
  select * into v_schedule from goalpost.schedules s
   where s.workspace_id = p_workspace_id and s.name = p_schedule ->> 'name' for update;
  if found and v_schedule.user_id <> auth.uid() then
    perform goalpost_private.require_role(p_workspace_id, 'admin');
  elsif not found and (select count(*) from goalpost.schedules s where s.workspace_id = p_workspace_id) >= 100 then
    perform goalpost_private.refuse('ZG006', 'a workspace has at most 100 schedules');
  end if;
  insert into goalpost.schedules
    (workspace_id, name, user_id, question, context, runbook, parameters, budget, cron, time_zone, overlap, catch_up, next_at,
     created_at)
  values
    (p_workspace_id, p_schedule ->> 'name', auth.uid(), p_schedule ->> 'question', coalesce(p_schedule -> 'context', '{}'),
     p_schedule ->> 'runbook', coalesce(p_schedule -> 'parameters', '{}'), coalesce(p_schedule -> 'budget', '{}'),
     p_schedule ->> 'cron', v_zone, coalesce(p_schedule ->> 'overlap', 'skip'),
     coalesce((p_schedule ->> 'catch_up')::numeric::integer, 1), v_next, v_now)
  on conflict on constraint one_schedule_of_a_name do update
    set user_id = excluded.user_id, question = excluded.question, context = excluded.context, runbook = excluded.runbook,
        parameters = excluded.parameters, budget = excluded.budget, cron = excluded.cron, time_zone = excluded.time_zone,
        overlap = excluded.overlap, catch_up = excluded.catch_up, state = 'active', next_at = excluded.next_at
  returning * into v_schedule;
  return jsonb_build_object('schedule_id', v_schedule.id, 'name', v_schedule.name, 'state', v_schedule.state,
                            'next_at', v_schedule.next_at);
end
$$;

create function goalpost.set_schedule(p_workspace_id uuid, p_schedule jsonb) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.set_schedule(p_workspace_id, p_schedule) $$;

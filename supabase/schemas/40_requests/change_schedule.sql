-- Pauses, resumes or removes a schedule: {"name", "state", "next_at"}; removed has the state removed. Resumed, it goes on
-- with the next tick from now. p_change: pause, resume, remove. By its person and admins. Safe to repeat. Raises ZG001,
-- ZG002, ZG003. Definer: people may not write schedules.
create function goalpost_private.change_schedule(p_workspace_id uuid, p_name text, p_change text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_schedule goalpost.schedules;
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  if coalesce(p_change, '') not in ('pause', 'resume', 'remove') then
    perform goalpost_private.refuse('ZG003', 'a schedule is changed by pause, resume or remove');
  end if;
  select * into v_schedule from goalpost.schedules s where s.workspace_id = p_workspace_id and s.name = p_name for update;
  if not found then
    perform goalpost_private.refuse('ZG001', format('there is no schedule called %s', left(p_name, 100)),
      'goalpost schedules lists them');
  end if;
  if v_schedule.user_id <> auth.uid() then
    perform goalpost_private.require_role(p_workspace_id, 'admin');
  end if;
  if p_change = 'remove' then
    delete from goalpost.schedules s where s.id = v_schedule.id;
    return jsonb_build_object('name', v_schedule.name, 'state', 'removed', 'next_at', null);
  end if;
  update goalpost.schedules s
     set state = case p_change when 'pause' then 'paused' else 'active' end,
         next_at = case when p_change = 'pause' then null
                        else coalesce(s.next_at, goalpost_private.next_tick(s.cron, s.time_zone, goalpost_private.clock())) end
   where s.id = v_schedule.id
  returning * into v_schedule;
  return jsonb_build_object('name', v_schedule.name, 'state', v_schedule.state, 'next_at', v_schedule.next_at);
end
$$;

create function goalpost.change_schedule(p_workspace_id uuid, p_name text, p_change text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.change_schedule(p_workspace_id, p_name, p_change) $$;

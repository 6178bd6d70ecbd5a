-- Returns the next ticks of a cron expression, 1 to 50: [timestamptz]. For signed-in people. Raises ZG003.
create function goalpost_private.next_ticks(p_cron text, p_time_zone text, p_count integer) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
declare
  v_tick timestamptz := goalpost_private.clock();
  v_ticks jsonb := '[]';
  v_problem constant text := goalpost_private.cron_problem(p_cron, p_time_zone);
begin
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem, goalpost_private.cron_hint());
  end if;
  for v_place in 1 .. least(greatest(p_count, 1), 50) loop
    v_tick := goalpost_private.next_tick(p_cron, p_time_zone, v_tick);
    exit when v_tick is null;
    v_ticks := v_ticks || to_jsonb(v_tick);
  end loop;
  return v_ticks;
end
$$;

create function goalpost.next_ticks(p_cron text, p_time_zone text, p_count integer default 5) returns jsonb
language sql stable set search_path = ''
as $$ select goalpost_private.next_ticks(p_cron, p_time_zone, p_count) $$;

-- Writes a message that tests a target: {"notification_id"}. To the caller's own target of this name, or
-- else the workspace's, by admins. Raises ZG001, ZG002, ZG006 (one is waiting, or the hourly cap). Definer: people may not
-- write notifications.
create function goalpost_private.test_notification_target(p_workspace_id uuid, p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_target constant goalpost.notification_targets := goalpost_private.target_to_change(p_workspace_id, p_name);
  v_now constant timestamptz := goalpost_private.clock();
  v_id bigint;
begin
  if (select count(*) filter (where n.occasion = 'test' and n.state = 'waiting') > 0
             or count(*) >= (select l.max_notifications_per_hour from goalpost_private.limits l)
        from goalpost.notifications n
       where n.workspace_id = v_target.workspace_id and n.target_id = v_target.id and n.created_at > v_now - interval '1 hour')
  then
    perform goalpost_private.refuse('ZG006', 'a test of this target is waiting, or it has had all its messages of this hour',
      'goalpost notifications shows them');
  end if;
  insert into goalpost.notifications (workspace_id, target_id, user_id, occasion, key, next_try_at, created_at)
  values (v_target.workspace_id, v_target.id, v_target.user_id, 'test', concat_ws('/', 'test', extract(epoch from v_now)), v_now, v_now)
  returning id into v_id;
  perform goalpost_private.send_wake('notifier', 1, v_now);
  return jsonb_build_object('notification_id', v_id);
end
$$;

create function goalpost.test_notification_target(p_workspace_id uuid, p_name text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.test_notification_target(p_workspace_id, p_name) $$;

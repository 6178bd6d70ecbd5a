-- Sets which occasions targets take, and the time in which messages wait for its end. p_preferences: {"occasions",
-- "quiet": {"from", "until"} (local times such as 22:00; null for none), "time_zone"}; absent fields stay. Of the target
-- p_name, or of all the caller's own. Returns the changed targets. Messages that wait already keep their time. Safe to
-- repeat. Raises ZG001, ZG002, ZG003. Definer: people may not write targets.
create function goalpost_private.set_notification_preferences(p_workspace_id uuid, p_preferences jsonb, p_name text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_time constant text := '^([01][0-9]|2[0-3]):[0-5][0-9]$';
  v_quiet constant jsonb := nullif(p_preferences -> 'quiet', 'null');
  v_problem text;
  v_ids bigint[];
  v_changed jsonb;
begin
  perform goalpost_private.require_role(p_workspace_id, 'viewer');
  v_problem := coalesce(
    goalpost_private.json_problem('{
      "type": "object", "additionalProperties": false, "properties": {
        "occasions": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
        "time_zone": {"type": "string", "minLength": 1, "maxLength": 64},
        "quiet": {"type": ["object", "null"], "additionalProperties": false, "required": ["from", "until"],
                  "properties": {"from": {"type": "string"}, "until": {"type": "string"}}}}}',
      coalesce(p_preferences, 'null'), 'the preferences'),
    goalpost_private.occasions_problem(p_preferences -> 'occasions'),
    case when v_quiet is not null and (v_quiet ->> 'from' ~ v_time and v_quiet ->> 'until' ~ v_time
                                       and v_quiet ->> 'from' <> v_quiet ->> 'until') is not true
         then 'a quiet time is from one time to another, such as 22:00 and 07:00' end,
    case when p_preferences ? 'time_zone'
              and not exists (select from pg_catalog.pg_timezone_names z where z.name = p_preferences ->> 'time_zone')
         then 'a time zone is a name such as Europe/Vienna, or UTC' end);
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
  if p_name is not null then
    v_ids := array[(goalpost_private.target_to_change(p_workspace_id, p_name)).id];
  else
    v_ids := array(select t.id from goalpost.notification_targets t where t.workspace_id = p_workspace_id and t.user_id = auth.uid());
  end if;
  with changed as (
    update goalpost.notification_targets t
       set occasions = coalesce(goalpost_private.json_names_of(p_preferences -> 'occasions'),
                                case when p_preferences ? 'occasions' then '{}' else t.occasions end),
           quiet_from = case when p_preferences ? 'quiet' then (v_quiet ->> 'from')::time else t.quiet_from end,
           quiet_until = case when p_preferences ? 'quiet' then (v_quiet ->> 'until')::time else t.quiet_until end,
           time_zone = coalesce(p_preferences ->> 'time_zone', t.time_zone)
     where t.id = any (v_ids)
    returning t.*
  )
  select coalesce(jsonb_agg(goalpost_private.describe_target(c::goalpost.notification_targets) order by c.name), '[]')
    into v_changed from changed c;
  return v_changed;
end
$$;

create function goalpost.set_notification_preferences(p_workspace_id uuid, p_preferences jsonb, p_name text default null) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.set_notification_preferences(p_workspace_id, p_preferences, p_name) $$;

-- Sets properties of a workspace: its name; time zone, currency and common values of tables, which models receive; how it
-- learns; if its webhooks must be signed; and how long it keeps ended work. Fields that are absent stay; a null currency
-- removes it. Returns all settings. Safe to repeat. Raises ZG001, ZG002, ZG003. Definer: people may not write workspaces.
create function goalpost_private.set_workspace_settings(p_workspace_id uuid, p_settings jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_problem text;
  v_settings jsonb;
begin
  perform goalpost_private.require_role(p_workspace_id, 'admin');
  v_problem := goalpost_private.json_problem(
    '{"type": "object", "additionalProperties": false, "properties": {
       "name": {"type": "string", "maxLength": 200},
       "webhooks_signed": {"type": "boolean"},
       "time_zone": {"type": "string", "maxLength": 64},
       "currency": {"type": ["string", "null"], "maxLength": 3},
       "common_values": {"type": "boolean"},
       "learning": {"enum": ["off", "propose", "trial"]},
       "analysis_seconds": {"type": "integer", "minimum": 60, "maximum": 2592000},
       "retention_days": {"type": "integer", "minimum": 1, "maximum": 3650}}}',
    coalesce(p_settings, 'null'), 'the settings');
  if v_problem is null and p_settings ? 'time_zone'
     and not exists (select from pg_catalog.pg_timezone_names z where z.name = p_settings ->> 'time_zone') then
    v_problem := 'a time zone is a name such as Europe/Vienna, or UTC';
  elsif v_problem is null and p_settings ->> 'currency' !~ '^[A-Z]{3}$' then
    v_problem := 'a currency is its three capital letters, such as EUR';
  elsif v_problem is null and p_settings ? 'name' then
    v_problem := goalpost_private.workspace_name_problem(p_settings ->> 'name');
  end if;
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
  update goalpost.workspaces w
     set name = coalesce(goalpost_private.trimmed(p_settings ->> 'name'), w.name),
         webhooks_signed = coalesce((p_settings ->> 'webhooks_signed')::boolean, w.webhooks_signed),
         time_zone = coalesce(p_settings ->> 'time_zone', w.time_zone),
         currency = case when p_settings ? 'currency' then p_settings ->> 'currency' else w.currency end,
         common_values = coalesce((p_settings ->> 'common_values')::boolean, w.common_values),
         learning = coalesce(p_settings ->> 'learning', w.learning),
         analysis_seconds = coalesce((p_settings ->> 'analysis_seconds')::numeric::integer, w.analysis_seconds),
         retention_days = coalesce((p_settings ->> 'retention_days')::numeric::integer, w.retention_days)
   where w.id = p_workspace_id
  returning jsonb_build_object('name', w.name, 'webhooks_signed', w.webhooks_signed, 'time_zone', w.time_zone,
                               'currency', w.currency, 'common_values', w.common_values, 'learning', w.learning,
                               'analysis_seconds', w.analysis_seconds, 'retention_days', w.retention_days) into v_settings;
  return v_settings;
end
$$;

create function goalpost.set_workspace_settings(p_workspace_id uuid, p_settings jsonb) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.set_workspace_settings(p_workspace_id, p_settings) $$;

-- Records the change of a dashboard webhook, whose sender intake has authenticated: {"recorded"}, the number of rules.
-- p_payload: the body as it came, so that its numbers keep their digits. Called by intake. Safe to repeat: the same change
-- again within a day asks nothing (ask_for_change). Raises ZG003. Locks nothing. Definer: workers may not write changes.
create function goalpost_worker.record_webhook(p_payload text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_payload jsonb;
begin
  begin
    v_payload := p_payload::jsonb;
  exception
    when data_exception then
      v_payload := null;
  end;
  if (v_payload ->> 'type' in ('INSERT', 'UPDATE', 'DELETE') and jsonb_typeof(v_payload -> 'schema') = 'string'
      and jsonb_typeof(v_payload -> 'table') = 'string'
      and coalesce(jsonb_typeof(v_payload -> 'record'), 'null') in ('object', 'null')
      and coalesce(jsonb_typeof(v_payload -> 'old_record'), 'null') in ('object', 'null')) is not true
  then
    perform goalpost_private.refuse('ZG003', 'this is no webhook of a row (type, table, schema, record, old_record)');
  end if;
  return jsonb_build_object('recorded', goalpost_private.record_change(
    v_payload ->> 'schema', v_payload ->> 'table', lower(v_payload ->> 'type'),
    nullif(v_payload -> 'record', 'null'), nullif(v_payload -> 'old_record', 'null'), 'webhook'));
end
$$;

-- Returns what a rule would ask for a change that the caller describes, and asks nothing: {"fires", "question", "context",
-- "runbook", "parameters", "dedupe_key"}, the last five only if it fires. p_event: one of the rule's events; its first if
-- null. By members: the row is the caller's own. Raises ZG001, ZG002, ZG003, ZG007. Definer: people may not call the
-- functions of rules.
create function goalpost_private.test_request_rule(p_workspace_id uuid, p_name text, p_new jsonb, p_old jsonb, p_event text)
returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_rule goalpost.request_rules;
  v_event text;
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  v_rule := goalpost_private.rule_of_name(p_workspace_id, p_name);
  v_event := coalesce(p_event, v_rule.events[1]);
  if v_event <> all (v_rule.events) then
    perform goalpost_private.refuse('ZG003', format('the rule does not fire on %s', left(v_event, 100)),
      format('its events are %s', array_to_string(v_rule.events, ', ')));
  end if;
  perform goalpost_private.refuse_unfit_shape('the row', r, 1048576) from unnest(array[p_new, p_old]) r;
  if (v_event <> 'delete' and jsonb_typeof(p_new) is distinct from 'object')
     or (v_event <> 'insert' and jsonb_typeof(p_old) is distinct from 'object') then
    perform goalpost_private.refuse('ZG003', format('a change of type %s has %s as JSON objects', v_event,
      case v_event when 'insert' then 'a new row' when 'delete' then 'an old row' else 'a new and an old row' end));
  end if;
  p_new := case when v_event <> 'delete' then p_new end;
  p_old := case when v_event <> 'insert' then p_old end;
  if not goalpost_private.meets_conditions(v_rule.conditions, p_new, p_old) then
    return jsonb_build_object('fires', false);
  end if;
  return jsonb_build_object('fires', true, 'runbook', v_rule.runbook) || goalpost_private.render_rule(v_rule, v_event, p_new, p_old);
end
$$;

create function goalpost.test_request_rule(
  p_workspace_id uuid, p_name text, p_new jsonb default null, p_old jsonb default null, p_event text default null
) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.test_request_rule(p_workspace_id, p_name, p_new, p_old, p_event) $$;

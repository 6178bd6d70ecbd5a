-- Pauses, resumes or removes a rule: {"name", "state"}; removed has the state removed. p_change: pause, resume, remove. By
-- its owner and admins. Safe to repeat. The trigger of the table is dropped with its last rule. Raises ZG001, ZG002, ZG003,
-- ZG006 (the table is busy). Definer: people may not write rules, nor drop triggers.
create function goalpost_private.change_request_rule(p_workspace_id uuid, p_name text, p_change text) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_rule goalpost.request_rules;
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  if coalesce(p_change, '') not in ('pause', 'resume', 'remove') then
    perform goalpost_private.refuse('ZG003', 'a rule is changed by pause, resume or remove');
  end if;
  v_rule := goalpost_private.rule_of_name(p_workspace_id, p_name);
  if v_rule.user_id <> auth.uid() then
    perform goalpost_private.require_role(p_workspace_id, 'admin');
  end if;
  if p_change = 'remove' then
    delete from goalpost.request_rules r where r.id = v_rule.id;
    perform goalpost_private.place_rule_trigger(v_rule.schema_name, v_rule.table_name);
    return jsonb_build_object('name', v_rule.name, 'state', 'removed');
  end if;
  update goalpost.request_rules r set state = case p_change when 'pause' then 'paused' else 'active' end where r.id = v_rule.id
  returning * into v_rule;
  return jsonb_build_object('name', v_rule.name, 'state', v_rule.state);
end
$$;

-- Returns the rule of a name. Raises ZG001.
create function goalpost_private.rule_of_name(p_workspace_id uuid, p_name text) returns goalpost.request_rules
language plpgsql stable
set search_path = ''
as $$
declare
  v_rule goalpost.request_rules;
begin
  select * into v_rule from goalpost.request_rules r where r.workspace_id = p_workspace_id and r.name = p_name;
  if not found then
    perform goalpost_private.refuse('ZG001', format('there is no rule called %s', left(p_name, 100)), 'goalpost rules lists them');
  end if;
  return v_rule;
end
$$;

create function goalpost.change_request_rule(p_workspace_id uuid, p_name text, p_change text) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.change_request_rule(p_workspace_id, p_name, p_change) $$;

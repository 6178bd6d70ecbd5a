-- The check of runbooks that people write.

-- Returns the schema of a runbook as people write it.
create function goalpost_private.runbook_schema() returns jsonb
language sql immutable
set search_path = ''
as $$
  select '{
    "type": "object", "additionalProperties": false, "required": ["name", "title", "description", "plan"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "title": {"type": "string", "minLength": 1, "maxLength": 300},
      "description": {"type": "string", "minLength": 1, "maxLength": 4000},
      "goal_type": {"type": "string", "minLength": 1, "maxLength": 100},
      "examples": {"type": "array", "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 500}},
      "parameters": {"type": "object"},
      "budget": {"type": "object", "additionalProperties": false, "properties": {
        "max_microusd": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
        "max_tokens": {"type": "integer", "minimum": 0, "maximum": 1000000000000}}},
      "plan": {"type": "object", "required": ["steps"], "properties": {"steps": {"type": "array", "minItems": 1}}}}}'::jsonb
$$;

-- Returns a problem as the checks of plans describe one.
create function goalpost_private.runbook_problem(p_code text, p_message text) returns jsonb
language sql immutable
set search_path = ''
as $$ select jsonb_build_array(jsonb_build_object('code', p_code, 'step_key', null, 'message', p_message)) $$;

-- Returns all problems of a runbook: [{"code", "step_key", "message"}]; empty if there are none. The plan is checked
-- against the agents, tools and limits of the workspace (check_plan); every parameter that it reads must be declared.
create function goalpost_private.runbook_problems(p_workspace_id uuid, p_runbook jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_run goalpost.workflow_runs;
  v_schema constant jsonb := coalesce(p_runbook -> 'parameters', '{}');
  v_problem text := goalpost_private.json_problem(goalpost_private.runbook_schema(), coalesce(p_runbook, 'null'), 'the runbook');
begin
  -- Stored and sent to workers: refused here as a request's own JSON is.
  perform goalpost_private.refuse_unfit_shape('the runbook', p_runbook, 1048576);
  if v_problem is not null then
    return goalpost_private.runbook_problem('bad_runbook', v_problem);
  end if;
  if p_runbook ->> 'name' !~ '^[a-z][a-z0-9_-]*$' then
    return goalpost_private.runbook_problem('bad_name',
      'the name of a runbook is a lower-case letter, then letters, digits, - or _');
  end if;
  v_run.workspace_id := p_workspace_id;
  v_problem := coalesce(
    goalpost_private.json_schema_problem(v_schema, 'parameters'),
    case when v_schema <> '{}' and v_schema -> 'type' is distinct from '"object"'
           then 'parameters is a schema of the type object, with properties' end,
    case when v_schema <> '{}' then (
      select format('the plan reads parameters.%s, which parameters does not declare', n)
        from jsonb_array_elements_text(goalpost_private.parameters_of(p_runbook -> 'plan')) n
       where not coalesce(v_schema -> 'properties', '{}') ? n order by n limit 1) end);
  return case when v_problem is not null then goalpost_private.runbook_problem('bad_parameters', v_problem) else '[]' end
         || goalpost_private.check_plan_of_run(p_runbook -> 'plan', v_run);
end
$$;

-- Checks a runbook without writing it: {"problems": […]}. For members. Raises ZG001, ZG002.
-- Definer: the check reads limits and agents.
create function goalpost_private.check_runbook(p_workspace_id uuid, p_runbook jsonb) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  return jsonb_build_object('problems', goalpost_private.runbook_problems(p_workspace_id, p_runbook));
end
$$;

create function goalpost.check_runbook(p_workspace_id uuid, p_runbook jsonb) returns jsonb
language sql stable set search_path = ''
as $$ select goalpost_private.check_runbook(p_workspace_id, p_runbook) $$;

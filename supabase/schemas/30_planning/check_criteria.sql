-- The rule bad_check of plans: the shape of a criterion's check that is an object. Stated once, in
-- shared/domain/src/plan/criterion.rs; a property test compares the two implementations.

-- Returns the schema of the fields of a kind of check; null for an unknown kind.
create function goalpost_private.criterion_check_schema(p_kind text) returns jsonb
language sql immutable
set search_path = ''
as $$
  select '{"type": "object", "additionalProperties": false}'::jsonb || case p_kind
    when 'sql' then '{"required": ["query"], "properties": {
      "query": {"type": "string", "minLength": 1, "maxLength": 20000},
      "expect": {"type": ["string", "number", "boolean", "object"]}}}'::jsonb
    when 'matches' then '{"required": ["value", "pattern"], "properties": {
      "value": {}, "pattern": {"type": "string", "minLength": 1, "maxLength": 1000}}}'
    when 'schema' then '{"required": ["value", "schema"], "properties": {"value": {}, "schema": {"type": "object"}}}'
    when 'number' then '{"required": ["value"], "properties": {
      "value": {"type": ["string", "number"]}, "equals": {"type": "number"},
      "tolerance": {"type": "number", "minimum": 0}, "at_least": {"type": "number"}, "at_most": {"type": "number"}}}'
    when 'person' then '{"required": ["question"], "properties": {
      "question": {"type": "string", "minLength": 1, "maxLength": 2000},
      "required_role": {"enum": ["member", "approver", "admin", "owner"]}}}' end
$$;

-- Returns an object without the fields that are null; any other value unchanged.
create function goalpost_private.without_nulls(p_value jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case jsonb_typeof(p_value)
           when 'object' then (select coalesce(jsonb_object_agg(f.key, f.value), '{}')
                                 from jsonb_each(p_value) f where f.value <> 'null')
           else p_value end
$$;

-- Returns the problem of a check that is an object; null if it has the shape of one of the kinds.
create function goalpost_private.criterion_check_problem(p_check jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  v_check constant jsonb := goalpost_private.without_nulls(p_check);
  v_kind text;
  v_fields jsonb;
  v_problem text;
begin
  if (select count(*) from jsonb_object_keys(v_check)) <> 1 then
    return 'check needs exactly one of sql, matches, schema, number, person';
  end if;
  select f.key, f.value into v_kind, v_fields from jsonb_each(v_check) f;
  if goalpost_private.criterion_check_schema(v_kind) is null then
    return format('check.%s is no kind of check; there are sql, matches, schema, number, person', left(v_kind, 100));
  end if;
  v_fields := goalpost_private.without_nulls(case
    when jsonb_typeof(v_fields) = 'string' and v_kind = 'sql' then jsonb_build_object('query', v_fields)
    when jsonb_typeof(v_fields) = 'string' and v_kind = 'person' then jsonb_build_object('question', v_fields)
    else v_fields end);
  v_problem := goalpost_private.json_problem(
    goalpost_private.criterion_check_schema(v_kind), v_fields, 'check.' || v_kind);
  return coalesce(v_problem, case
    when v_kind <> 'number' then null
    when v_fields ? 'equals' = (v_fields ? 'at_least' or v_fields ? 'at_most')
      then 'check.number: it needs either equals, or at_least, at_most or both'
    when v_fields ? 'tolerance' and not v_fields ? 'equals' then 'check.number: tolerance goes with equals' end);
end
$$;

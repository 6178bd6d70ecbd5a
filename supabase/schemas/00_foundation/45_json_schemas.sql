-- JSON Schema where SQL must decide: limits and budgets that people set, their answers and edits, and arguments of
-- calls that only write rows. Everything else is checked in Rust (shared/domain/src/json_schema.rs), which supports
-- more.
--
-- The subset: type, enum, const, required, properties, additionalProperties (true or false), items (one schema),
-- minItems, maxItems, minLength, maxLength, minimum, maximum. On schemas of the subset (json_schema_problem is null)
-- both checkers give the same verdict. Of other schemas, which MCP servers have, SQL checks only the keywords of the
-- subset: Rust refuses everything that SQL refuses, and checks the whole schema before a call is made.
-- tests/suite/json_schemas.rs compares the two.

-- Returns the types of JSON Schema.
create function goalpost_private.json_type_names() returns text[]
language sql immutable
set search_path = ''
as $$ select array['string', 'object', 'array', 'boolean', 'null', 'number', 'integer'] $$;

-- Returns the types that a schema allows; null if it allows any, or names an unknown one.
create function goalpost_private.json_types_of(p_schema jsonb) returns text[]
language sql immutable
set search_path = ''
as $$
  select case when t.names <@ goalpost_private.json_type_names() then t.names end
    from (select array(select jsonb_array_elements_text(
                   case jsonb_typeof(p_schema -> 'type') when 'array' then p_schema -> 'type'
                                                         else jsonb_build_array(p_schema -> 'type') end)) as names) t
$$;

-- Returns the names in a JSON list; empty for any other value.
create function goalpost_private.json_names_of(p_list jsonb) returns text[]
language sql immutable
set search_path = ''
as $$
  select case when bool_and(jsonb_typeof(n) = 'string') then array_agg(n #>> '{}') end
    from jsonb_array_elements(case jsonb_typeof(p_list) when 'array' then p_list else '[]' end) n
$$;

-- Returns the first problem of a JSON value with a schema, as a message; null if it is valid.
create function goalpost_private.json_problem(p_schema jsonb, p_value jsonb, p_name text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  v_type constant text := jsonb_typeof(p_value);
  v_types constant text[] := goalpost_private.json_types_of(p_schema);
  v_size constant numeric := case v_type when 'string' then length(p_value #>> '{}') when 'array' then jsonb_array_length(p_value)
                                         when 'number' then (p_value #>> '{}')::numeric end;
  v_least constant text := case v_type when 'string' then 'minLength' when 'array' then 'minItems' else 'minimum' end;
  v_most constant text := case v_type when 'string' then 'maxLength' when 'array' then 'maxItems' else 'maximum' end;
begin
  if v_types is not null
     and (v_type = any (v_types) or ('integer' = any (v_types) and v_type = 'number' and v_size = trunc(v_size))) is not true
  then
    return format('%s must be of the type %s', p_name, p_schema ->> 'type');
  end if;
  if (jsonb_typeof(p_schema -> 'enum') = 'array'
      and not exists (select from jsonb_array_elements(p_schema -> 'enum') e where e = p_value))
     or p_schema -> 'const' <> p_value
  then
    return format('%s must be one of %s', p_name, coalesce(p_schema -> 'enum', p_schema -> 'const'));
  end if;
  if v_size < (case jsonb_typeof(p_schema -> v_least) when 'number' then p_schema ->> v_least end)::numeric
     or v_size > (case jsonb_typeof(p_schema -> v_most) when 'number' then p_schema ->> v_most end)::numeric
  then
    return format('%s must keep %s %s and %s %s', p_name, v_least, coalesce(p_schema ->> v_least, 'none'),
                  v_most, coalesce(p_schema ->> v_most, 'none'));
  end if;
  return goalpost_private.json_part_problem(p_schema, p_value, p_name);
end
$$;

-- Returns the first problem of the parts of an object or an array. Fields that patternProperties may match, and
-- elements that prefixItems may match, are left to Rust.
create function goalpost_private.json_part_problem(p_schema jsonb, p_value jsonb, p_name text) returns text
language sql immutable
set search_path = ''
as $$
  select p.problem
    from (
      select 1 as place, format('%s needs %s', p_name, r) as problem
        from unnest(goalpost_private.json_names_of(p_schema -> 'required')) r
       where jsonb_typeof(p_value) = 'object' and not p_value ? r
      union all
      select 2, case when p_schema -> 'properties' -> v.key is not null
                     then goalpost_private.json_problem(p_schema -> 'properties' -> v.key, v.value, p_name || '.' || v.key)
                     when p_schema -> 'additionalProperties' = 'false' and not p_schema ? 'patternProperties'
                          and jsonb_typeof(coalesce(p_schema -> 'properties', '{}')) = 'object' then format('%s has no %s', p_name, left(v.key, 100)) end
        from jsonb_each(case jsonb_typeof(p_value) when 'object' then p_value else '{}' end) v
      union all
      select 2, goalpost_private.json_problem(p_schema -> 'items', v.value, format('%s[%s]', p_name, v.number))
        from jsonb_array_elements(case jsonb_typeof(p_value) when 'array' then p_value else '[]' end)
             with ordinality v (value, number)
       where jsonb_typeof(p_schema -> 'items') = 'object' and not p_schema ? 'prefixItems') p
   -- Parts without a problem come last.
   order by p.place, p.problem
   limit 1
$$;

-- Returns why a keyword of a schema is not in the subset, or has an invalid value; null if it is valid.
create function goalpost_private.json_word_problem(p_word text, p_value jsonb, p_name text, p_depth integer) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  v_type constant text := jsonb_typeof(p_value);
  v_types constant text[] := goalpost_private.json_type_names();
  v_is_sound boolean := true;
begin
  case
    when p_word in ('title', 'description', 'default', 'examples', 'format', 'deprecated', 'readOnly', 'writeOnly',
                    '$schema', '$comment', 'const') then null;
    when p_word = 'type' then
      v_is_sound := v_type in ('string', 'array') and not exists (
        select from jsonb_array_elements(case v_type when 'array' then p_value else jsonb_build_array(p_value) end) t
         where (jsonb_typeof(t) = 'string' and t #>> '{}' = any (v_types)) is not true);
    when p_word = 'enum' then v_is_sound := v_type = 'array';
    when p_word = 'required' then
      v_is_sound := case v_type when 'array' then not jsonb_path_exists(p_value, 'strict $[*] ? (@.type() != "string")') else false end;
    when p_word = 'additionalProperties' then v_is_sound := v_type = 'boolean';
    when p_word in ('minimum', 'maximum') then v_is_sound := v_type = 'number';
    when p_word in ('minItems', 'maxItems', 'minLength', 'maxLength') then
      v_is_sound := case v_type when 'number' then p_value::numeric between 0 and 1e9 and p_value::numeric % 1 = 0 else false end;
    when p_word = 'items' then return goalpost_private.json_schema_problem(p_value, p_name, p_depth + 1);
    when p_word = 'properties' and v_type = 'object' then
      return (select min(goalpost_private.json_schema_problem(f.value, p_name, p_depth + 1)) from jsonb_each(p_value) f);
    when p_word = 'properties' then v_is_sound := false;
    else
      return format('%s uses %s, which is not checked here; use type, enum, const, required, properties, items and bounds',
                    p_name, left(p_word, 100));
  end case;
  return case when not v_is_sound then format('%s has a value of %s that it cannot have', p_name, p_word) end;
end
$$;

-- Returns why a schema is not in the subset; null if it is.
create function goalpost_private.json_schema_problem(p_schema jsonb, p_name text, p_depth integer default 0) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when jsonb_typeof(p_schema) is distinct from 'object' then format('%s holds a schema that is not a JSON object', p_name)
    when p_depth > 16 then format('%s is nested more than 16 levels deep', p_name)
    when p_depth = 0 and octet_length(p_schema::text) > 32768 then format('%s has more than 32768 bytes', p_name)
    else (select min(goalpost_private.json_word_problem(w.key, w.value, p_name, p_depth)) from jsonb_each(p_schema) w) end
$$;

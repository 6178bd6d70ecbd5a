-- Whether a JSON value is what a schema says: for what people and models hand in, and SQL has to take as it is.

-- What a JSON value lacks to be what a schema says, in words; null: nothing. The words that are looked at: type, enum,
-- const, required, properties, additionalProperties (false), items, minItems, maxItems, minLength, maxLength, minimum,
-- maximum. All others are passed over, as in every schema.
create function goalpost_private.json_problem(p_schema jsonb, p_value jsonb, p_name text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  v_type constant text := jsonb_typeof(p_value);
  v_size constant numeric := case v_type when 'string' then length(p_value #>> '{}') when 'array' then jsonb_array_length(p_value)
                                         when 'number' then (p_value #>> '{}')::numeric end;
  v_least constant text := case v_type when 'string' then 'minLength' when 'array' then 'minItems' else 'minimum' end;
  v_most constant text := case v_type when 'string' then 'maxLength' when 'array' then 'maxItems' else 'maximum' end;
begin
  if p_schema ? 'type' and not exists (
    select from jsonb_array_elements_text(case jsonb_typeof(p_schema -> 'type') when 'array' then p_schema -> 'type'
                                               else jsonb_build_array(p_schema -> 'type') end) t
     where t = v_type or (t = 'integer' and v_type = 'number' and v_size = trunc(v_size)))
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

-- The same for the parts of an object or an array: the first problem there is.
create function goalpost_private.json_part_problem(p_schema jsonb, p_value jsonb, p_name text) returns text
language sql immutable
set search_path = ''
as $$
  select p.problem
    from (
      select 1 as place, format('%s needs %s', p_name, r) as problem
        from jsonb_array_elements_text(case jsonb_typeof(p_schema -> 'required') when 'array' then p_schema -> 'required' else '[]' end) r
       where jsonb_typeof(p_value) = 'object' and not p_value ? r
      union all
      select 2, case when p_schema -> 'properties' -> v.key is not null
                     then goalpost_private.json_problem(p_schema -> 'properties' -> v.key, v.value, p_name || '.' || v.key)
                     when p_schema -> 'additionalProperties' = 'false' then format('%s has no %s', p_name, left(v.key, 100)) end
        from jsonb_each(case jsonb_typeof(p_value) when 'object' then p_value else '{}' end) v
      union all
      select 2, goalpost_private.json_problem(p_schema -> 'items', v.value, format('%s[%s]', p_name, v.number))
        from jsonb_array_elements(case jsonb_typeof(p_value) when 'array' then p_value else '[]' end)
             with ordinality v (value, number)
       where jsonb_typeof(p_schema -> 'items') = 'object') p
   where p.problem is not null
   order by p.place, p.problem
   limit 1
$$;

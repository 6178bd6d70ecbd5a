-- The conditions and templates of rules. A condition is data, {"column", "operator", "value"}, and is compared with the
-- row as JSON: no text of a rule is ever run as SQL.

-- Compares two JSON values: -1, 0 or 1, and null where they have no order. Numbers, and texts that look like one beside
-- a number, by value; everything else as text, byte by byte.
create function goalpost_private.compare_values(p_left jsonb, p_right jsonb) returns integer
language plpgsql immutable
set search_path = ''
as $$
declare
  v_left constant text := p_left #>> '{}';
  v_right constant text := p_right #>> '{}';
begin
  if v_left is null or v_right is null then
    return null;
  elsif jsonb_typeof(p_left) = 'number' or jsonb_typeof(p_right) = 'number' then
    if v_left ~ '^-?[0-9]{1,250}([.][0-9]{1,250})?$' and v_right ~ '^-?[0-9]{1,250}([.][0-9]{1,250})?$' then
      return sign(v_left::numeric - v_right::numeric);
    end if;
    return case when v_left = v_right then 0 end;
  end if;
  return case when v_left collate "C" < v_right then -1 when v_left = v_right then 0 else 1 end;
end
$$;

-- Returns true if a change meets one condition. The column is that of the new row, and of the old one after a delete.
create function goalpost_private.meets_condition(p_condition jsonb, p_new jsonb, p_old jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  v_column constant text := p_condition ->> 'column';
  v_given constant jsonb := p_condition -> 'value';
  v_value constant jsonb := coalesce(p_new, p_old) -> v_column;
begin
  return coalesce(case p_condition ->> 'operator'
    when '=' then goalpost_private.compare_values(v_value, v_given) = 0
    when '<>' then goalpost_private.compare_values(v_value, v_given) is distinct from 0
    when '<' then goalpost_private.compare_values(v_value, v_given) < 0
    when '<=' then goalpost_private.compare_values(v_value, v_given) <= 0
    when '>' then goalpost_private.compare_values(v_value, v_given) > 0
    when '>=' then goalpost_private.compare_values(v_value, v_given) >= 0
    when 'in' then exists (select from jsonb_array_elements(v_given) g where goalpost_private.compare_values(v_value, g) = 0)
    when 'contains' then strpos(v_value #>> '{}', v_given #>> '{}') > 0
    when 'is null' then v_value #>> '{}' is null
    when 'is not null' then v_value #>> '{}' is not null
    when 'changed' then p_new is not null and p_old is not null and v_value is distinct from p_old -> v_column
  end, false);
end
$$;

-- Returns true if a change meets all conditions.
create function goalpost_private.meets_conditions(p_conditions jsonb, p_new jsonb, p_old jsonb) returns boolean
language sql immutable
set search_path = ''
as $$
  select not exists (select from jsonb_array_elements(p_conditions) c where not goalpost_private.meets_condition(c, p_new, p_old))
$$;

-- Returns the named columns of a row, each value cut to 4,000 characters; null for no row.
create function goalpost_private.pick_columns(p_row jsonb, p_columns text[]) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case when p_row is not null then coalesce((
    select jsonb_object_agg(c, case when length(p_row ->> c) > 4000 then to_jsonb(left(p_row ->> c, 4000)) else p_row -> c end)
      from unnest(p_columns) c where p_row ? c), '{}') end
$$;

-- Returns the request of a change: {"question", "context", "parameters", "dedupe_key"}. Values are inserted as text and
-- are not expanded again (fill_in).
create function goalpost_private.render_rule(p_rule goalpost.request_rules, p_event text, p_new jsonb, p_old jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_names constant jsonb := jsonb_build_object(
    'new', goalpost_private.pick_columns(p_new, p_rule.columns), 'old', goalpost_private.pick_columns(p_old, p_rule.columns));
  v_has_rows constant boolean := p_rule.context_columns <> '{}';
begin
  return jsonb_build_object(
    'question', left(goalpost_private.fill_in(p_rule.question, v_names), 16000),
    'parameters', goalpost_private.fill_in_strings(p_rule.parameters, v_names),
    'dedupe_key', case when p_rule.dedupe_key is not null then goalpost_private.fill_in(p_rule.dedupe_key, v_names) end,
    'context', jsonb_build_object(
        'rule', p_rule.name, 'event', p_event, 'table', format('%s.%s', p_rule.schema_name, p_rule.table_name))
      || case when v_has_rows and p_new is not null
              then jsonb_build_object('new', goalpost_private.pick_columns(p_new, p_rule.context_columns)) else '{}' end
      || case when v_has_rows and p_old is not null
              then jsonb_build_object('old', goalpost_private.pick_columns(p_old, p_rule.context_columns)) else '{}' end);
end
$$;

-- Returns the hash of a change, the same for the trigger and for a webhook, whose rows Postgres wrote as the same JSON.
create function goalpost_private.digest_of_change(p_schema text, p_table text, p_event text, p_new jsonb, p_old jsonb)
returns text
language sql immutable
set search_path = ''
as $$
  select encode(sha256(convert_to(jsonb_build_array(p_schema, p_table, p_event, p_new, p_old)::text, 'UTF8')), 'hex')
$$;

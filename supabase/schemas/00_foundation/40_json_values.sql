-- Reads a JSON value as an integer within bounds; returns the default for any other value.
create function goalpost_private.bounded_integer(p_value jsonb, p_default integer, p_least integer, p_most integer)
returns integer
language sql immutable
set search_path = ''
as $$
  select case
    when jsonb_typeof(p_value) = 'number' and p_value::numeric between p_least and p_most then p_value::numeric::integer
    else p_default
  end
$$;

-- Returns true if a JSON value is absent or a whole number within bounds.
create function goalpost_private.is_absent_or_whole(p_value jsonb, p_least integer, p_most integer) returns boolean
language sql immutable
set search_path = ''
as $$
  select case coalesce(jsonb_typeof(p_value), 'null')
    when 'null' then true
    when 'number' then p_value::numeric = trunc(p_value::numeric) and p_value::numeric between p_least and p_most
    else false
  end
$$;

-- Cron expressions with a time zone: five fields (minute, hour, day of the month, month, day of the week), each *, a
-- number, a range a-b, steps */n or a-b/n, or a list of these; months and weekdays also by their English names, Sunday as 0
-- or 7. As in Vixie cron a day matches either field of days if both are given. Times are local: where the clock is put
-- forward, a time that does not exist becomes the one an hour later; where it is put back, a time that exists twice is a
-- tick once. A schedule for every hour follows the elapsed time instead.

-- Returns the values of one field in order; null if the field is not valid.
create function goalpost_private.cron_field(p_field text, p_least integer, p_most integer, p_names text[] default '{}')
returns integer[]
language plpgsql immutable
set search_path = ''
as $$
declare
  v_part text;
  v_match text[];
  v_first integer;
  v_last integer;
  v_values integer[] := '{}';
begin
  foreach v_part in array string_to_array(lower(p_field), ',') loop
    for v_place in 1 .. cardinality(p_names) loop
      v_part := regexp_replace(v_part, '\m' || p_names[v_place] || '\M', (p_least + v_place - 1)::text, 'g');
    end loop;
    v_match := regexp_match(v_part, '^(?:(\*)|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?$');
    if v_match is null or v_match[4]::integer = 0 or v_match[4] is not null and v_match[1] is null and v_match[3] is null then
      return null;
    end if;
    v_first := coalesce(v_match[2]::integer, p_least);
    v_last := coalesce(v_match[3]::integer, case when v_match[1] is null then v_first else p_most end);
    if v_first < p_least or v_last > p_most or v_first > v_last then
      return null;
    end if;
    v_values := v_values || array(select generate_series(v_first, v_last, coalesce(v_match[4]::integer, 1)));
  end loop;
  return array(select distinct v from unnest(v_values) v order by v);
end
$$;

-- Returns the fields of an expression: {"minutes", "hours", "days", "months", "weekdays"} with 0 for Sunday,
-- "is_every_hour", "is_any_day" (of the month) and "is_any_weekday"; null if it is not valid.
create function goalpost_private.cron_fields(p_cron text) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  v_parts constant text[] := regexp_split_to_array(btrim(p_cron), '\s+');
  v_minutes integer[];
  v_hours integer[];
  v_days integer[];
  v_months integer[];
  v_weekdays integer[];
begin
  if cardinality(v_parts) is distinct from 5 then
    return null;
  end if;
  v_minutes := goalpost_private.cron_field(v_parts[1], 0, 59);
  v_hours := goalpost_private.cron_field(v_parts[2], 0, 23);
  v_days := goalpost_private.cron_field(v_parts[3], 1, 31);
  v_months := goalpost_private.cron_field(v_parts[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
  v_weekdays := goalpost_private.cron_field(v_parts[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
  if v_minutes is null or v_hours is null or v_days is null or v_months is null or v_weekdays is null then
    return null;
  end if;
  return jsonb_build_object(
    'minutes', v_minutes, 'hours', v_hours, 'days', v_days, 'months', v_months,
    'weekdays', array(select distinct w % 7 from unnest(v_weekdays) w order by 1),
    'is_every_hour', v_parts[2] like '*%', 'is_any_day', v_parts[3] like '*%', 'is_any_weekday', v_parts[5] like '*%');
end
$$;

-- Returns the ticks of one local day, in order.
create function goalpost_private.ticks_of_day(p_fields jsonb, p_time_zone text, p_day date) returns setof timestamptz
language sql stable
set search_path = ''
as $$
  select distinct t.tick_at
    from (
      -- An hour that exists twice has the ticks of both.
      select i as tick_at
        from generate_series(p_day::timestamp at time zone p_time_zone,
                             (p_day + 1)::timestamp at time zone p_time_zone - interval '1 minute', interval '1 minute') i
       where (p_fields ->> 'is_every_hour')::boolean
         and p_fields -> 'minutes' @> to_jsonb(extract(minute from i at time zone p_time_zone)::integer)
         and p_fields -> 'hours' @> to_jsonb(extract(hour from i at time zone p_time_zone)::integer)
      union all
      select (p_day + make_time(h::integer, m::integer, 0)) at time zone p_time_zone
        from jsonb_array_elements_text(p_fields -> 'hours') h, jsonb_array_elements_text(p_fields -> 'minutes') m
       where not (p_fields ->> 'is_every_hour')::boolean) t
   order by t.tick_at
$$;

-- Returns the first tick after an instant; null if there is none within nine years, such as for 31 February.
create function goalpost_private.next_tick(p_cron text, p_time_zone text, p_after timestamptz) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  v_fields constant jsonb := goalpost_private.cron_fields(p_cron);
  v_first constant date := (p_after at time zone p_time_zone)::date;
  v_day date;
  v_tick timestamptz;
begin
  -- The last local day may reach into the next one where the clock is put back at midnight.
  for v_day in
    select d::date
      from generate_series(v_first - 1, v_first + 3300, interval '1 day') d
     where v_fields -> 'months' @> to_jsonb(extract(month from d)::integer)
       and case when (v_fields ->> 'is_any_day')::boolean or (v_fields ->> 'is_any_weekday')::boolean
                then v_fields -> 'days' @> to_jsonb(extract(day from d)::integer)
                     and v_fields -> 'weekdays' @> to_jsonb(extract(dow from d)::integer)
                else v_fields -> 'days' @> to_jsonb(extract(day from d)::integer)
                     or v_fields -> 'weekdays' @> to_jsonb(extract(dow from d)::integer) end
     order by d
  loop
    select min(t) into v_tick from goalpost_private.ticks_of_day(v_fields, p_time_zone, v_day) t where t > p_after;
    if v_tick is not null then
      return v_tick;
    end if;
  end loop;
  return null;
end
$$;

-- Returns what is wrong with an expression or a zone; null if nothing is.
create function goalpost_private.cron_problem(p_cron text, p_time_zone text) returns text
language sql stable
set search_path = ''
as $$
  select case
    when not exists (select from pg_catalog.pg_timezone_names z where z.name = p_time_zone)
      then format('there is no time zone %s', coalesce(left(p_time_zone, 100), 'of that name'))
    when goalpost_private.cron_fields(p_cron) is null
      then format('%s is no cron expression', coalesce(left(p_cron, 200), 'nothing'))
    when goalpost_private.next_tick(p_cron, p_time_zone, goalpost_private.clock()) is null
      then format('%s never comes', p_cron)
  end
$$;

-- Returns what a person may do about a bad expression.
create function goalpost_private.cron_hint() returns text
language sql immutable
set search_path = ''
as $$
  select 'five fields: minute, hour, day of the month, month, day of the week; 0 9 * * mon is Monday at nine, */15 * * * * '
         'every quarter of an hour; zones have names such as Europe/Berlin'
$$;

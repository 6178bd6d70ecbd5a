-- Common values of short text columns, and exact counts of small tables, for an agent's model, which would otherwise
-- start with queries for them. They come only from queries as the asker, never from the planner's statistics.

-- Returns the text columns of these tables whose values may repeat: not alone in a key, and without a check or an enum
-- that already lists the values. The first thirty, in the order of the tables.
create function goalpost_private.repeating_columns(p_tables oid[])
returns table (table_oid oid, column_name name)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.attrelid, a.attname
    from pg_catalog.pg_attribute a
   where a.attrelid = any (p_tables) and a.attnum between 1 and 40 and not a.attisdropped
     and a.atttypid in ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype)
     and not exists (select from pg_catalog.pg_constraint c
                      where c.conrelid = a.attrelid and c.conkey = array[a.attnum] and c.contype in ('p', 'u', 'c'))
   order by array_position(p_tables, a.attrelid), a.attnum
   limit 30;
end
$$;

-- Returns one query over these tables, with rows (t, c, v, n). Without a column, n is the row count of the table, up to
-- 10001; with one, v is a value among its first thousand rows and n its frequency, for up to thirteen values.
create function goalpost_private.common_values_query(p_tables oid[]) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select string_agg(q.query, ' union all ' order by q.number)
    from (
      select array_position(p_tables, c.oid) as number,
             format('(select %L::text as t, ''''::text as c, ''''::text as v, count(*) as n from (select 1 from %s limit 10001) x)',
                    c.oid::regclass, c.oid::regclass) as query
        from pg_catalog.pg_class c where c.oid = any (p_tables)
      union all
      select array_position(p_tables, r.table_oid),
             format('(select %L::text, %L::text, x.v, count(*) from (select left(%I, 41) as v from %s limit 1000) x where x.v is not null group by x.v order by count(*) desc, x.v limit 13)',
                    r.table_oid::regclass, r.column_name, r.column_name, r.table_oid::regclass)
        from goalpost_private.repeating_columns(p_tables) r) q);
end
$$;

-- Returns the result of that query as {"rows": {table: count}, "values": {table: {column: [values]}}}. A column is left
-- out if it has more than twelve values, a long one, or values that hardly repeat: such values identify single rows,
-- often people.
create function goalpost_private.describe_values(p_rows jsonb) returns jsonb
language sql immutable
set search_path = ''
as $$
  with found as (
    select r.t, r.c, r.v, r.n from jsonb_to_recordset(p_rows) r (t text, c text, v text, n bigint)
  ),
  by_column as (
    select f.t, f.c, jsonb_agg(f.v order by f.n desc, f.v) as listed
      from found f where f.c <> ''
     group by f.t, f.c having count(*) <= 12 and max(length(f.v)) <= 40 and sum(f.n) >= 3 * count(*)
  )
  select jsonb_build_object(
    'rows', (select coalesce(jsonb_object_agg(f.t, f.n), '{}') from found f where f.c = '' and f.n <= 10000),
    'values', (select coalesce(jsonb_object_agg(b.t, b.columns), '{}')
                 from (select c.t, jsonb_object_agg(c.c, c.listed) as columns from by_column c group by c.t) b))
$$;

-- Reads common values for a step that holds its lease, as the person who asked for the work, over the twelve tables
-- that match the step best. Called by the executor before the first turn of an agent that has `sql`, if the workspace
-- permits it. Safe to repeat. Returns {} if the workspace does not permit it, the asker may not read, too many queries
-- run, or the query failed; the agent continues without the values. The step is recorded in value_reads before the
-- query, so that it is tainted with any result. Raises ZG009 (lease lost). Locks a query slot until its transaction
-- ends.
create function goalpost_worker.read_common_values(p_run_id bigint, p_step_key text, p_lease_epoch bigint) returns jsonb
language plpgsql security definer
set search_path = '' set statement_timeout = '4s' set work_mem = '8MB'
as $$
declare
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_run constant goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_run_id);
  v_asker record;
  v_query text;
  v_answer jsonb;
begin
  if not (select w.common_values from goalpost.workspaces w where w.id = v_run.workspace_id) then
    return '{}';
  end if;
  v_asker := goalpost_private.claims_of_asker(v_run);
  if v_asker.problem is not null or v_asker.is_expired or not goalpost_private.acquire_query_slots(v_run.workspace_id) then
    return '{}';
  end if;
  -- Views are excluded, because they may have to compute all of their rows.
  v_query := goalpost_private.common_values_query((goalpost_private.tables_for(
    array(select c.oid from pg_catalog.pg_class c
           where c.oid = any (goalpost_private.readable_oids(v_run.workspace_id)) and c.relkind in ('r', 'p')),
    goalpost_private.words_of_step(v_step, v_run)))[:12]);
  if v_query is null then
    return '{}';
  end if;
  insert into goalpost_private.value_reads (run_id, step_key, read_at)
  values (p_run_id, p_step_key, goalpost_private.clock()) on conflict do nothing;
  perform goalpost_private.open_temporary_schema();
  begin
    v_answer := goalpost_private.describe_values(
      goalpost_private.run_query(v_run, v_asker.claims, v_query, 1000, 65536) -> 'rows');
  exception
    when query_canceled or others then
      v_answer := '{}';
  end;
  perform pg_advisory_unlock_all();
  return v_answer;
end
$$;

-- Returns the words by which tables are chosen for a step.
create function goalpost_private.words_of_step(p_step goalpost.steps, p_run goalpost.workflow_runs) returns text[]
language sql stable
set search_path = ''
as $$
  select goalpost_private.name_words(concat_ws(' ', p_step.title, p_step.input ->> 'instructions', q.question, g.title, g.description))
    from goalpost.requests q left join goalpost.goals g on g.id = p_run.goal_id where q.id = p_run.request_id
$$;

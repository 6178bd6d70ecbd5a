-- The asker's writes: the tool `table_write` writes into the project's own tables as the person who made the request,
-- with exactly that person's rights, and once even if the call is repeated.

-- Writes rows as the asker: rights of `authenticated`, the person's claims, row-level security. Returns the number of
-- rows written. Owned by `authenticated` (92_access/20_grants.sql); called by write_table alone, which has checked the
-- names. The search path is PostgREST's: the table's schema, then the extra ones, so that the project's triggers
-- resolve names as they do behind PostgREST. Dynamic SQL of quoted names only; the rows are a parameter. The project's
-- own triggers run; deferred constraints are checked here and not at the end of the transaction.
create function goalpost_private.write_rows_as_asker(
  p_settings jsonb, p_schema text, p_table text, p_columns text[], p_rows jsonb, p_conflict_columns text[]
) returns bigint
language plpgsql security definer
set search_path = ''
as $$
declare
  v_columns constant text := (select string_agg(quote_ident(c), ', ' order by n) from unnest(p_columns) with ordinality u (c, n));
  v_conflict text := '';
  v_count bigint;
begin
  -- As in run_query_as_asker.
  if current_user operator(pg_catalog.<>) 'authenticated' then
    raise exception using errcode = 'ZG002', message = 'this function runs as authenticated only';
  end if;
  perform pg_catalog.set_config(s.key, s.value, true) from pg_catalog.jsonb_each_text(p_settings) s;
  if p_conflict_columns is not null then
    v_conflict := format(' on conflict (%s) do %s',
      (select string_agg(quote_ident(c), ', ') from unnest(p_conflict_columns) c),
      coalesce('update set ' || (select string_agg(format('%1$I = excluded.%1$I', c), ', ')
                                   from unnest(p_columns) c where c <> all (p_conflict_columns)), 'nothing'));
  end if;
  execute format('insert into %1$I.%2$I (%3$s) select %3$s from pg_catalog.jsonb_populate_recordset(null::%1$I.%2$I, $1)%4$s',
                 p_schema, p_table, v_columns, v_conflict)
    using p_rows;
  get diagnostics v_count = row_count;
  set constraints all immediate;
  return v_count;
end
$$;

-- Returns what is wrong with a write, as a message; null if nothing is. Every name is looked up.
create function goalpost_private.write_problem(
  p_workspace_id uuid, p_schema text, p_table text, p_rows jsonb, p_mode text, p_conflict_columns text[]
) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_listed goalpost.writable_tables;
  v_columns text[];
  v_known text[];
begin
  select t.* into v_listed from goalpost.writable_tables t
   where t.workspace_id = p_workspace_id and t.schema_name = p_schema and t.table_name = p_table;
  v_known := array(
    select a.attname::text
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid
     where n.nspname = p_schema and c.relname = p_table and c.relkind in ('r', 'p')
       and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a');
  if v_listed.table_name is null or cardinality(v_known) = 0 then
    return format('%s.%s is not among the tables that this workspace may write; these are: %s', p_schema, p_table,
      coalesce((select string_agg(format('%s.%s', t.schema_name, t.table_name), ', ' order by t.schema_name, t.table_name)
                  from goalpost.writable_tables t where t.workspace_id = p_workspace_id), 'none'));
  end if;
  if p_mode is null or p_mode not in ('insert', 'upsert') then
    return 'a mode is insert or upsert';
  end if;
  if p_mode = 'upsert' and 'update' <> all (v_listed.operations) then
    return format('%s.%s may be inserted into, and not updated; use mode insert', p_schema, p_table);
  end if;
  if (p_mode = 'upsert') <> (coalesce(cardinality(p_conflict_columns), 0) > 0) then
    return 'upsert names the conflict_columns of a unique key, insert names none';
  end if;
  if jsonb_typeof(p_rows) is distinct from 'array' or jsonb_array_length(p_rows) not between 1 and 500
     or octet_length(p_rows::text) > 262144
  then
    return 'rows are a list of 1 to 500 objects with at most 256 kB in all';
  end if;
  if exists (select from jsonb_array_elements(p_rows) r where jsonb_typeof(r) <> 'object' or r = '{}') then
    return 'each row is an object with at least one column';
  end if;
  v_columns := array(select jsonb_object_keys(p_rows -> 0) order by 1);
  if exists (select from jsonb_array_elements(p_rows) r where array(select jsonb_object_keys(r) order by 1) <> v_columns) then
    return 'all rows have the same columns, so that what is left out has its default everywhere';
  end if;
  if not v_columns <@ v_known or not coalesce(p_conflict_columns, '{}') <@ v_columns then
    return format('there is no column %s that can be written; there are: %s',
      (select string_agg(c, ', ') from unnest(v_columns || p_conflict_columns) c where c <> all (v_known) or c <> all (v_columns)),
      array_to_string(v_known, ', '));
  end if;
  return null;
end
$$;

-- Returns why a call of table_write cannot succeed, from its arguments; null if they show no problem.
create function goalpost_private.write_call_problem(p_workspace_id uuid, p_arguments jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_table constant text := p_arguments ->> 'table';
  v_schema constant text := split_part(v_table, '.', 1);
begin
  return goalpost_private.write_problem(
    p_workspace_id, v_schema, substr(v_table, length(v_schema) + 2), p_arguments -> 'rows',
    coalesce(p_arguments ->> 'mode', 'insert'),
    case jsonb_typeof(p_arguments -> 'conflict_columns')
      when 'array' then array(select jsonb_array_elements_text(p_arguments -> 'conflict_columns')) end);
end
$$;

-- Writes rows for a step that holds its lease, as the person who asked for the work: {"table", "mode", "row_count"}.
-- Called by the executor's `table_write` tool. Safe to repeat with the same call number: the first result is returned
-- again and nothing is written. A refusal, by this function or by Postgres, is returned as {"refused": code, "message"}
-- and leaves no rows; if the claims are too old, the step waits for its requester: {"waits_for": "renewal"}.
-- Raises ZG009 (lease lost), ZG004 (the call's number was used for another write).
-- Locks the step's row, so that no other worker claims it before the commit, and the rows it writes.
create function goalpost_worker.write_table(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_call_number integer,
  p_table text, p_rows jsonb, p_mode text, p_conflict_columns text[] default null
) returns jsonb
language plpgsql security definer
set search_path = '' set statement_timeout = '7s'
as $$
declare
  v_schema constant text := split_part(p_table, '.', 1);
  v_name constant text := substr(p_table, length(v_schema) + 2);
  v_hash constant text := encode(sha256(convert_to(
    jsonb_build_array(p_table, p_rows, p_mode, p_conflict_columns)::text, 'UTF8')), 'hex');
  v_step goalpost.steps;
  v_written goalpost_private.table_writes;
  v_run goalpost.workflow_runs;
  v_asker record;
  v_problem text;
  v_result jsonb;
begin
  perform from goalpost.steps s
    where s.run_id = p_run_id and s.key = p_step_key for share;
  v_step := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  if 'table_write' = any (goalpost_private.tools_of_step(v_step)) is not true then
    return jsonb_build_object('refused', 'ZG002', 'message', 'this step may not call table_write');
  end if;

  begin
    insert into goalpost_private.table_writes (run_id, step_key, call_number, request_hash, written_at)
    values (p_run_id, p_step_key, p_call_number, v_hash, goalpost_private.clock())
    on conflict do nothing
    returning * into v_written;
    if v_written.run_id is not null then
      v_problem := goalpost_private.write_problem(v_step.workspace_id, v_schema, v_name, p_rows, p_mode, p_conflict_columns);
      if v_problem is not null then
        perform goalpost_private.refuse('ZG003', v_problem);
      end if;
      v_run := (select r from goalpost.workflow_runs r where r.id = p_run_id);
      v_asker := goalpost_private.claims_of_asker(v_run);
      if v_asker.problem is not null then
        perform goalpost_private.refuse('ZG002', v_asker.problem);
      elsif v_asker.is_expired then
        raise exception using errcode = 'ZX001';
      end if;
      v_result := jsonb_build_object('table', p_table, 'mode', p_mode, 'row_count', goalpost_private.write_rows_as_asker(
        goalpost_private.asker_settings(v_asker.claims, array[v_schema], 'POST', goalpost_private.time_zone_of(v_step.workspace_id))
          -- Rules do not fire for a request's own writes (record_change).
          || jsonb_build_object('goalpost.request_id', v_run.request_id), v_schema, v_name,
        array(select jsonb_object_keys(p_rows -> 0) order by 1), p_rows, nullif(p_conflict_columns, '{}')));
      update goalpost_private.table_writes w set result = v_result
       where w.run_id = p_run_id and w.step_key = p_step_key and w.call_number = p_call_number;
      return v_result;
    end if;
  exception
    when query_canceled or serialization_failure or deadlock_detected then
      raise;
    when sqlstate 'ZX001' then
      return goalpost_private.ask_for_renewal(v_step, v_run);
    when others then
      return jsonb_build_object('refused', case when sqlstate like 'ZG%' then sqlstate else 'ZG008' end,
                                'message', left(sqlerrm, 500));
  end;

  select w.* into v_written from goalpost_private.table_writes w
   where w.run_id = p_run_id and w.step_key = p_step_key and w.call_number = p_call_number;
  if v_written.request_hash is distinct from v_hash then
    perform goalpost_private.refuse('ZG004', 'this call has written something else before');
  end if;
  return v_written.result;
end
$$;

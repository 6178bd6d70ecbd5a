-- The check of a plan's queries before the plan is accepted.

-- Returns why the text of a query cannot be a reading query, where Postgres's message would not explain it; null if it
-- can.
create function goalpost_private.query_form_problem(p_query text) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when p_query !~* '^[\s(]*(select|with|values|table)\M'
      then 'a query is one SELECT and changes nothing; rows are written with the tool table_write'
  end
$$;

-- Returns the names of the workspace's readable tables, for a query that names another one.
create function goalpost_private.readable_table_names(p_workspace_id uuid) returns text
language sql stable
set search_path = ''
as $$
  select string_agg(t.name, ', ' order by t.name)
    from (select format('%I.%I', n.nspname, c.relname) as name
            from goalpost.workspaces w
            join pg_catalog.pg_namespace n on n.nspname = any (w.readable_schemas)
            join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
           where w.id = p_workspace_id and has_table_privilege('authenticated', c.oid, 'select')
           order by 1 limit 60) t
$$;

-- Returns why one query cannot run as the asker, as Postgres's message with its hint; null if it can. Its executor is
-- started, which checks names, types and rights, and returns no row (LIMIT 0).
create function goalpost_private.query_run_problem(p_run goalpost.workflow_runs, p_claims jsonb, p_query text) returns text
language plpgsql
set search_path = ''
as $$
declare
  v_problem text := goalpost_private.query_form_problem(p_query);
  v_hint text;
begin
  if v_problem is null then
    perform goalpost_private.run_query(p_run, p_claims, p_query, -1, 0);
  end if;
  return v_problem;
exception
  when query_canceled then
    raise;
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    v_problem := goalpost_private.error_text(sqlerrm, v_hint);
    if sqlstate = '42P01' then
      v_problem := v_problem || '; readable are ' || coalesce(goalpost_private.readable_table_names(p_run.workspace_id), 'no tables');
    end if;
    return v_problem;
end
$$;

-- Checks queries for a step that holds its lease, as the person who asked for the work, without running them.
-- Called by the intake and the planner before they submit steps that a model has written. Reads only, so safe to
-- repeat. Returns [{"number": place in p_queries from 1, "message"}], one for each query that cannot run. If a check is
-- not possible now (the asker's claims have expired, the maximum of queries is running, the time is up), it returns
-- none: the step itself will report the error.
-- Raises ZG009 (lease lost). Locks a query slot until its transaction ends: planning a query takes time, too.
create function goalpost_worker.check_queries(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_queries text[]
) returns jsonb
language plpgsql security definer
set search_path = '' set statement_timeout = '6s' set work_mem = '8MB'
as $$
declare
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_run constant goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_run_id);
  v_asker record;
  v_problem text;
  v_problems jsonb := '[]';
begin
  v_asker := goalpost_private.claims_of_asker(v_run);
  if v_asker.problem is not null or v_asker.is_expired or not goalpost_private.acquire_query_slots(v_run.workspace_id) then
    return v_problems;
  end if;
  perform goalpost_private.open_temporary_schema();
  begin
    for v_number in 1 .. least(coalesce(cardinality(p_queries), 0), 64) loop
      v_problem := goalpost_private.query_run_problem(v_run, v_asker.claims, p_queries[v_number]);
      if v_problem is not null then
        v_problems := v_problems || jsonb_build_object('number', v_number, 'message', left(v_problem, 2000));
      end if;
    end loop;
  exception
    when query_canceled then
      null;
  end;
  -- Session locks would outlive the transaction on a pooled connection.
  perform pg_advisory_unlock_all();
  return v_problems;
end
$$;

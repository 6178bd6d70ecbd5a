-- The asker's SQL: how the `sql` tool reads, as the person who asked and with no more rights than they have.

-- Runs one query as the asker: rights of `authenticated`, the person's claims, read only, search path of the
-- workspace, no more than p_row_limit rows and p_byte_limit bytes.
-- Owned by goalpost_asker (92_access/20_grants.sql), which has exactly those rights; called by answer_query alone. The query has passed the
-- syntax gate of shared/tools, where functions are on an allow-list; that it did not change who is asking is
-- checked again here, and an answer got by changing it is never returned. Dynamic SQL: this is the one runner.
create function goalpost_private.run_query_as_asker(
  p_user_id uuid, p_schemas text[], p_query text, p_row_limit integer, p_byte_limit integer
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_claims constant text := jsonb_build_object('sub', p_user_id, 'role', 'authenticated')::text;
  v_row record;
  v_json jsonb;
  v_rows jsonb[] := '{}';
  v_bytes bigint := 0;
  v_count integer := 0;
  v_columns jsonb := '[]';
  v_truncated boolean := false;
begin
  perform set_config('request.jwt.claims', v_claims, true);
  perform set_config('request.jwt.claim.sub', '', true);
  -- Never null, which would mean the database's own path. Unnamed, pg_catalog comes first: nothing stands in for it.
  perform set_config('search_path', coalesce(
    (select string_agg(quote_ident(s), ', ') from unnest(p_schemas) s where s <> 'pg_catalog'), ''), true);
  perform set_config('transaction_read_only', 'on', true);

  for v_row in execute format(E'select to_json(q.*) as row from (%s\n) q limit %s', p_query, p_row_limit + 1) loop
    if v_count = 0 then
      v_columns := (select json_agg(k)::jsonb from json_object_keys(v_row.row) k);
    end if;
    v_json := v_row.row::jsonb;
    v_bytes := v_bytes + octet_length(v_json::text);
    if v_count >= p_row_limit or v_bytes > p_byte_limit then
      v_truncated := true;
      exit;
    end if;
    v_rows := v_rows || v_json;
    v_count := v_count + 1;
  end loop;

  if current_setting('request.jwt.claims', true) is distinct from v_claims
     or coalesce(current_setting('request.jwt.claim.sub', true), '') <> '' then
    raise exception using errcode = 'ZG008', message = 'the query tried to change who is asking';
  end if;
  return jsonb_build_object('columns', v_columns, 'rows', to_jsonb(v_rows), 'row_count', v_count,
                            'truncated', v_truncated);
end
$$;

-- Runs a query for a step that holds its lease, as the person who asked for the work.
-- Called by the executor's `sql` tool. Reads only, so safe to repeat. Raises ZG009 (lease lost). A query that failed
-- or was refused is an answer, {"refused": "ZG008", "message": Postgres's own words}, and not raised: those words quote
-- what the query is about, and what is raised goes into the server's log.
create function goalpost_worker.answer_query(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_query text, p_row_limit integer, p_byte_limit integer
) returns jsonb
language plpgsql security definer
set search_path = '' set statement_timeout = '6s'
as $$
declare
  v_run goalpost.workflow_runs;
begin
  select r.* into v_run
    from goalpost.workflow_runs r
    join goalpost.steps s on s.run_id = r.id
   where r.id = p_run_id and s.key = p_step_key and s.state = 'running' and s.lease_epoch = p_lease_epoch;
  if not found then
    perform goalpost_private.refuse('ZG009', 'the lease on this step was lost');
  end if;
  begin
    return goalpost_private.run_query_as_asker(
      v_run.user_id, goalpost_private.readable_schemas(v_run.workspace_id, v_run.user_id), p_query,
      greatest(least(p_row_limit, 1000), 1), greatest(least(p_byte_limit, 262144), 1));
  exception
    when query_canceled then
      raise;
    when others then
      return jsonb_build_object('refused', 'ZG008', 'message', left(sqlerrm, 500));
  end;
end
$$;

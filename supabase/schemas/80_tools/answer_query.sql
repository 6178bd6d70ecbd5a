-- The asker's SQL: the `sql` tool reads as the person who made the request, with exactly that person's rights.

-- Returns the search path of an asker's statement: PostgREST's, with p_schemas in the place of the exposed schema.
-- Never null, which would mean the database's own path. pg_catalog is not named and so comes first: no other object can
-- shadow it.
create function goalpost_private.asker_search_path(p_schemas text[]) returns text
language sql stable
set search_path = ''
as $$
  select coalesce(string_agg(quote_ident(s.name), ', ' order by s.number), '')
    from (select u.name, min(u.number) as number
            from goalpost_private.limits l,
                 unnest(p_schemas || l.extra_search_path) with ordinality u (name, number)
           where u.name <> 'pg_catalog' group by u.name) s
$$;

-- Returns the time zone of a workspace.
create function goalpost_private.time_zone_of(p_workspace_id uuid) returns text
language sql stable
set search_path = ''
as $$ select w.time_zone from goalpost.workspaces w where w.id = p_workspace_id $$;

-- Returns the settings that a request of this person through PostgREST would have, with the time zone of the workspace,
-- in which "today" and "last month" are meant. They replace all settings of the worker's own request, so that no policy
-- or view can read those.
create function goalpost_private.asker_settings(
  p_claims jsonb, p_schemas text[], p_method text, p_time_zone text
) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
    'request.jwt.claims', p_claims::text, 'request.jwt.claim', '', 'request.jwt.claim.sub', '', 'request.jwt.claim.role', '',
    'request.jwt.claim.email', '', 'request.method', p_method, 'request.path', '/', 'request.headers', '{}',
    'request.cookies', '{}', 'TimeZone', p_time_zone, 'search_path', goalpost_private.asker_search_path(p_schemas))
$$;

-- Returns the values of a row with exact numbers: a number that a double cannot represent becomes a text with all its
-- digits.
create function goalpost_private.with_exact_numbers(p_value jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  case jsonb_typeof(p_value)
    when 'number' then
      -- A reader in Rust parses whole numbers of 64 bits, and shows larger ones with an exponent.
      if p_value::numeric = trunc(p_value::numeric) then
        return case when p_value::numeric between -9223372036854775808 and 9223372036854775807
                    then p_value else to_jsonb(p_value::text) end;
      end if;
      if abs(p_value::numeric) > 1e300 or abs(p_value::numeric) < 1e-300
         or p_value::numeric::double precision::text::numeric <> p_value::numeric
      then
        return to_jsonb(p_value::text);
      end if;
      return p_value;
    when 'object' then
      return (select coalesce(jsonb_object_agg(e.key, goalpost_private.with_exact_numbers(e.value)), '{}')
                from jsonb_each(p_value) e);
    when 'array' then
      return (select coalesce(jsonb_agg(goalpost_private.with_exact_numbers(e.value) order by e.number), '[]')
                from jsonb_array_elements(p_value) with ordinality e (value, number));
    else
      return p_value;
  end case;
end
$$;

-- Returns distinct names for the columns of a row, in order: a repeated one is numbered, count and count_2.
create function goalpost_private.column_names(p_row json) returns text[]
language plpgsql immutable
set search_path = ''
as $$
declare
  v_given constant text[] := array(select k from json_object_keys(coalesce(p_row, '{}')) k);
  v_names text[] := '{}';
  v_name text;
  v_number integer;
begin
  foreach v_name in array v_given loop
    if v_name = any (v_names) then
      v_number := 2;
      while v_name || '_' || v_number = any (v_names || v_given) loop
        v_number := v_number + 1;
      end loop;
      v_name := v_name || '_' || v_number;
    end if;
    v_names := v_names || v_name;
  end loop;
  return v_names;
end
$$;

-- Runs one query as the asker: rights of `authenticated`, the person's claims, read only, at most p_row_limit rows and
-- p_byte_limit bytes. Owned by `authenticated` (92_access/20_grants.sql), so that policies and triggers of the project
-- see the same current_user as behind PostgREST; called by run_query alone, which has checked the query's functions.
-- The claims are compared after each row: rows that were read under changed claims are never returned.
-- Dynamic SQL: the only function that runs an asker's query.
create function goalpost_private.run_query_as_asker(
  p_settings jsonb, p_statement text, p_row_limit integer, p_byte_limit integer, out found_rows json[], out is_truncated boolean
)
language plpgsql security definer
set search_path = ''
as $$
declare
  v_row record;
  v_bytes bigint := 0;
begin
  -- `authenticated` owns this function and could alter its role where a function of the project lets a person run any
  -- statement.
  if current_user operator(pg_catalog.<>) 'authenticated' then
    raise exception using errcode = 'ZG002', message = 'this function runs as authenticated only';
  end if;
  found_rows := '{}';
  is_truncated := false;
  perform pg_catalog.set_config(s.key, s.value, true) from pg_catalog.jsonb_each_text(p_settings) s;
  perform set_config('transaction_read_only', 'on', true);
  for v_row in execute p_statement loop
    if (current_setting('request.jwt.claims', true), coalesce(current_setting('request.jwt.claim.sub', true), ''),
        coalesce(current_setting('request.jwt.claim', true), '')) is distinct from (p_settings ->> 'request.jwt.claims', '', '')
    then
      raise exception using errcode = 'ZG008', message = 'the query tried to change who is asking';
    end if;
    v_bytes := v_bytes + octet_length(v_row.row::text);
    is_truncated := coalesce(cardinality(found_rows), 0) >= p_row_limit or v_bytes > p_byte_limit;
    exit when is_truncated;
    found_rows := found_rows || v_row.row;
  end loop;
end
$$;

-- Returns the columns of an analysed query as a row without values, for a result that has no row. They are in the first
-- range table entry, which run_query names q. The tree puts a name in quotes and a backslash before each space,
-- parenthesis, brace and backslash in it.
create function goalpost_private.header_of_tree(p_tree text) returns json
language sql immutable
set search_path = ''
as $$
  select coalesce('{' || string_agg(
           to_json(regexp_replace(substr(t.found[1], 2, length(t.found[1]) - 2), '\\(.)', '\1', 'g'))::text || ': null', ', '
           order by t.number) || '}', '{}')::json
    from regexp_matches(
           substring(p_tree from ':eref \{ALIAS :aliasname q :colnames \(((?:[^\\)]|\\.)*)\)'),
           '(?:[^\\ ]|\\.)+', 'g') with ordinality t (found, number)
$$;

-- Returns rows from Postgres in the form of an answer, under the names of p_header if there are none. Most have neither
-- repeated names nor long numbers, and are returned unchanged.
create function goalpost_private.describe_rows(p_rows json[], p_header json, p_is_truncated boolean) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  v_first constant json := coalesce(p_rows[1], p_header, '{}');
  v_columns constant text[] := goalpost_private.column_names(v_first);
  v_are_renamed constant boolean := v_columns <> array(select k from json_object_keys(v_first) k);
begin
  return jsonb_build_object(
    'columns', v_columns, 'row_count', coalesce(cardinality(p_rows), 0), 'truncated', p_is_truncated,
    'rows', (select coalesce(jsonb_agg(
               case when r.value::text ~ '[0-9.]{16}|[0-9][eE][+-]?[0-9]{3}'
                    then goalpost_private.with_exact_numbers(n.value) else n.value end order by r.number), '[]')
               from unnest(p_rows) with ordinality r (value, number)
              cross join lateral (
                select case when v_are_renamed
                  then (select jsonb_object_agg(v_columns[e.number], e.value)
                          from json_each(r.value) with ordinality e (key, value, number))
                  else r.value::jsonb end as value) n));
end
$$;

-- Returns an error's message with Postgres's hint.
create function goalpost_private.error_text(p_message text, p_hint text) returns text
language sql immutable
set search_path = ''
as $$ select left(p_message, 500) || coalesce('. ' || nullif(left(p_hint, 500), ''), '') $$;

-- Checks and runs a query for a run, in the limits of answer_query.
create function goalpost_private.run_query(
  p_run goalpost.workflow_runs, p_claims jsonb, p_query text, p_row_limit integer, p_byte_limit integer
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_schemas constant text[] := goalpost_private.readable_schemas(p_run.workspace_id, p_run.user_id);
  v_settings constant jsonb := goalpost_private.asker_settings(
    p_claims, v_schemas, 'GET', goalpost_private.time_zone_of(p_run.workspace_id));
  v_statement constant text := format(E'select pg_catalog.to_json(q.*) as row from (%s\n) q limit %s', p_query, p_row_limit + 1);
  v_tree text;
  v_problem text;
  v_found record;
begin
  if octet_length(p_query) > 40000 then
    perform goalpost_private.refuse('ZG008', 'a query has at most 40000 bytes');
  end if;
  v_tree := goalpost_private.analyse_query(v_settings ->> 'search_path', v_statement);
  v_problem := goalpost_private.query_problem(v_tree, v_schemas);
  if v_problem is not null then
    perform goalpost_private.refuse('ZG008', 'the query is refused: ' || v_problem);
  end if;
  v_found := goalpost_private.run_query_as_asker(v_settings, v_statement, p_row_limit, p_byte_limit);
  return goalpost_private.describe_rows(
    v_found.found_rows,
    case when cardinality(v_found.found_rows) = 0 then goalpost_private.header_of_tree(v_tree) end,
    v_found.is_truncated);
end
$$;

-- Runs a query for a step that holds its lease, as the person who asked for the work.
-- Called by the executor's `sql` tool. Reads only, so safe to repeat; a query that ran into the time limit should not
-- be repeated, since it would do so again. Raises ZG009 (lease lost). Instead of rows it may return
--   {"refused": code, "message"}  ZG008: the query failed or is not allowed, with Postgres's message, which is returned and
--     not raised, because it quotes the query's data and raised errors go into the server's log; ZG002: the person may
--     not act any more; ZG011: it ran into the time limit
--   {"busy": {"seconds"}}         the maximum of queries is running: try again later
--   {"waits_for": "renewal"}      the claims are too old: the step waits for its requester (ask_for_renewal)
-- Locks a query slot until its transaction ends.
create function goalpost_worker.answer_query(
  p_run_id bigint, p_step_key text, p_lease_epoch bigint, p_query text, p_row_limit integer, p_byte_limit integer
) returns jsonb
language plpgsql security definer
set search_path = '' set statement_timeout = '6s' set work_mem = '8MB'
as $$
declare
  v_began constant timestamptz := clock_timestamp();
  v_step constant goalpost.steps := goalpost_private.leased_step(p_run_id, p_step_key, p_lease_epoch);
  v_run constant goalpost.workflow_runs := (select r from goalpost.workflow_runs r where r.id = p_run_id);
  v_asker record;
  v_answer jsonb;
  v_hint text;
begin
  v_asker := goalpost_private.claims_of_asker(v_run);
  if v_asker.problem is not null then
    return jsonb_build_object('refused', 'ZG002', 'message', v_asker.problem);
  elsif v_asker.is_expired then
    return goalpost_private.ask_for_renewal(v_step, v_run);
  elsif not goalpost_private.acquire_query_slots(v_run.workspace_id) then
    return '{"busy": {"seconds": 1}}';
  end if;
  perform goalpost_private.open_temporary_schema();
  begin
    v_answer := goalpost_private.run_query(v_run, v_asker.claims, p_query,
      greatest(least(p_row_limit, 1000), 1), greatest(least(p_byte_limit, 262144), 1));
  exception
    when query_canceled then
      -- The time limit has fired, or an operator has ended the query.
      v_answer := jsonb_build_object('refused', 'ZG011', 'message', format(
        'the query was ended after %s s; it is not tried again. Read fewer rows: filter on an indexed column, narrow the range of time, or count before you list',
        round(extract(epoch from clock_timestamp() - v_began), 1)));
    when others then
      get stacked diagnostics v_hint = pg_exception_hint;
      v_answer := jsonb_build_object('refused', 'ZG008', 'message', goalpost_private.error_text(sqlerrm, v_hint));
  end;
  -- Session locks would outlive the transaction on a pooled connection.
  perform pg_advisory_unlock_all();
  return v_answer;
end
$$;

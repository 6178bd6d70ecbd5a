-- The database's own check of an asker's query: everything that the analysed query calls and reads must be on a list.
-- The syntax gate of shared/tools precedes it and checks the text; this check reads Postgres's analysis of the text.

-- Opens the session's temporary schema, if it has none yet, in the transaction that will commit. Opened within the part
-- that analyse_query rolls back, it would be created again for every query, which invalidates every cached plan each
-- time.
create function goalpost_private.open_temporary_schema() returns void
language plpgsql security definer
set search_path = ''
as $$
begin
  if pg_catalog.pg_my_temp_schema() = 0 then
    create function pg_temp.goalpost_nothing() returns void language sql begin atomic end;
    drop function pg_temp.goalpost_nothing();
  end if;
end
$$;

-- Returns Postgres's tree of a statement for this person's rights and search path, without running it. A function body
-- written in SQL is analysed when the function is created; the creation is rolled back. Owned by goalpost_asker, which
-- has the rights of `authenticated` and so resolves names as the query will.
create function goalpost_private.analyse_query(p_path text, p_statement text) returns text
language plpgsql security definer
set search_path = ''
as $$
declare
  v_tree text;
begin
  -- One statement: a semicolon may only be inside quotes, in a text without anything that could change what quotes
  -- mean.
  if strpos(p_statement, ';') > 0 and (
       strpos(regexp_replace(p_statement, '''[^'']*''|"[^"]*"', '', 'g'), ';') > 0 or p_statement ~ '[\\$]|--|/\*')
  then
    raise exception using errcode = 'ZG008', message = 'a semicolon may only stand in a plain text';
  end if;
  perform set_config('search_path', p_path, true);
  begin
    execute 'create function pg_temp.goalpost_query() returns void language sql begin atomic ' || p_statement || E';\nend';
    select p.prosqlbody::text into v_tree from pg_catalog.pg_proc p
     where p.proname = 'goalpost_query' and p.pronamespace = pg_catalog.pg_my_temp_schema();
    raise exception using errcode = 'ZX001';
  exception
    when sqlstate 'ZX001' then
      return v_tree;
  end;
end
$$;

-- Returns why an analysed query may not run; null if it may. It may call:
--   functions of pg_catalog on the list, its operators and casts that are not volatile; operators and casts of installed
--   extensions, written in C; the readers of claims of schema auth; computed columns of readable tables, which PostgREST
--   offers too. No other function of the project: a person calls those by RPC, and a view or a policy by itself.
-- It may read: relations of the readable schemas. Called by run_query.
create function goalpost_private.query_problem(p_tree text, p_schemas text[]) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_catalog constant boolean := 'pg_catalog' = any (p_schemas);
  v_fields text[];
  v_problem text;
begin
  v_fields := array(
    select distinct n.name || ' ' || split_part(left(t.piece, 12), ' ', 1)
      from unnest(array['funcid', 'opfuncid', 'aggfnoid', 'winfnoid', 'relid', 'tsmhandler', 'commandType']) n (name)
     cross join lateral string_to_table(p_tree, ' :' || n.name || ' ') with ordinality t (piece, number)
     where t.number > 1 and left(t.piece, 1) <> '0');
  -- 1 is SELECT.
  if exists (select from unnest(v_fields) f where f like 'commandType %' and f <> 'commandType 1') then
    return 'only SELECT is allowed';
  end if;
  select format('the function %s may not be called', p.oid::regprocedure) into v_problem
    from unnest(v_fields) f
    join pg_catalog.pg_proc p on p.oid = split_part(f, ' ', 2)::oid
   where f !~ '^(relid|commandType) '
     and goalpost_private.may_be_called(p, f like 'opfuncid %', v_catalog, p_schemas) is not true
   limit 1;
  if v_problem is not null then
    return v_problem;
  end if;
  select format('%s.%s may not be read; these schemas may: %s', n.nspname, c.relname, array_to_string(p_schemas, ', '))
    into v_problem
    from unnest(v_fields) f
    join pg_catalog.pg_class c on c.oid = split_part(f, ' ', 2)::oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where f like 'relid %'
     and (n.nspname <> all (p_schemas) or n.nspname = 'pg_catalog' and c.relname = any (goalpost_private.secret_relations()))
   limit 1;
  return coalesce(v_problem, goalpost_private.size_problem(p_tree, v_fields), goalpost_private.collecting_problem(p_tree, v_fields));
end
$$;

-- Returns relations of the catalog that even project admins may not read.
create function goalpost_private.secret_relations() returns text[]
language sql immutable
set search_path = ''
as $$
  select array['pg_authid', 'pg_config', 'pg_file_settings', 'pg_hba_file_rules', 'pg_ident_file_mappings', 'pg_largeobject',
    'pg_settings', 'pg_shadow', 'pg_statistic', 'pg_stat_activity', 'pg_subscription', 'pg_user_mapping', 'pg_user_mappings']
$$;

-- Returns true if a query may call a function, by name or as an operator.
create function goalpost_private.may_be_called(
  p_function pg_catalog.pg_proc, p_is_operator boolean, p_catalog boolean, p_schemas text[]
) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  if p_function.pronamespace = 'pg_catalog'::regnamespace then
    return p_function.proname = any (goalpost_private.query_functions(p_catalog))
        or p_function.proname = any (goalpost_private.grammar_functions())
        or (p_function.provolatile <> 'v'
            and (p_is_operator or exists (select from pg_catalog.pg_cast c where c.castfunc = p_function.oid)));
  end if;
  if p_function.oid in ('goalpost_private.bounded(anyelement)'::regprocedure, 'goalpost_private.collected(anyelement)'::regprocedure) then
    return true;
  end if;
  if p_function.pronamespace = 'auth'::regnamespace then
    return p_function.proname in ('uid', 'jwt', 'role', 'email') and p_function.pronargs = 0;
  end if;
  if p_function.provolatile <> 'v'
     and exists (select from pg_catalog.pg_language l where l.oid = p_function.prolang and l.lanname in ('c', 'internal'))
     and exists (select from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p_function.oid and d.deptype = 'e')
  then
    return p_is_operator or exists (select from pg_catalog.pg_cast c where c.castfunc = p_function.oid);
  end if;
  return p_function.pronargs = 1 and not p_function.proretset
     and p_function.pronamespace::regnamespace::text = any (select quote_ident(s) from unnest(p_schemas) s)
     and has_function_privilege('authenticated', p_function.oid, 'execute')
     and exists (select from pg_catalog.pg_type t join pg_catalog.pg_class c on c.oid = t.typrelid
                  where t.oid = p_function.proargtypes[0] and c.relkind in ('r', 'p', 'v', 'm', 'f')
                    and c.relnamespace::regnamespace::text = any (select quote_ident(s) from unnest(p_schemas) s));
end
$$;

-- Returns functions and operators that compare each part of one value with each part of another without a check for
-- interrupts: with large values neither statement_timeout nor pg_terminate_backend ends them.
--   pair  of the first two arguments one may have any size, the other is a short literal; or both are `bounded`
--   each  every argument is a short literal or `bounded`
create function goalpost_private.uninterruptible_functions(p_rule text) returns text[]
language sql immutable
set search_path = ''
as $$
  select case p_rule
    when 'pair' then array[
      'arraycontains', 'arraycontained', 'arrayoverlap', 'jsonb_contains', 'jsonb_contained', 'jsonb_delete', 'strpos',
      'position', 'split_part', 'replace', 'string_to_array', 'translate', 'btrim', 'ltrim', 'rtrim', 'like', 'notlike',
      'textlike', 'textnlike', 'texticlike', 'texticnlike', 'namelike', 'namenlike', 'nameiclike', 'nameicnlike',
      'bpcharlike', 'bpcharnlike', 'bpchariclike', 'bpcharicnlike']
    else array[
      'jsonb_path_exists', 'jsonb_path_match', 'jsonb_path_query', 'jsonb_path_query_array', 'jsonb_path_query_first',
      'jsonb_path_exists_opr', 'jsonb_path_match_opr', 'ts_rank', 'ts_rank_cd'] end
$$;

-- Returns a value that is small enough for an uninterruptible function, and refuses a larger one (ZG008). The size is
-- that of the uncompressed value: an array of it is built, which undoes the compression of a stored one.
create function goalpost_private.bounded(p_value anyelement) returns anyelement
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  if pg_column_size(array[p_value]) > 32768 then
    raise exception using errcode = 'ZG008',
      message = 'a value has more than 32 kB, too large for this function or operator; compare parts of it, or use a short literal';
  end if;
  return p_value;
end
$$;

-- Returns the texts of a node's arguments. p_tree starts behind the node's name and contains no escaped characters.
create function goalpost_private.node_arguments(p_tree text) returns text[]
language sql immutable
set search_path = ''
as $$
  with tokens as (
    select t.found[1] as token, t.number,
           sum(case right(t.found[1], 1) when '{' then 1 else -1 end) over (order by t.number) as depth
      from regexp_matches(substr(p_tree, strpos(p_tree, ':args (') + 7), '[^{}]*[{}]', 'g') with ordinality t (found, number)
  ),
  own as (
    select o.token, o.number, count(*) filter (where o.depth = 0) over (order by o.number) - (o.depth = 0)::integer as argument
      from tokens o
     where o.number < coalesce((select min(e.number) from tokens e where e.depth < 0), 9223372036854775807)
  ),
  arguments as (
    select o.argument, string_agg(o.token, '' order by o.number) as node from own o group by o.argument
  )
  select coalesce(array_agg(ltrim(a.node) order by a.argument), '{}') from arguments a
$$;

-- Returns why a call of an uninterruptible function in an analysed query may not run: its arguments are not small. Null
-- if there is no such call.
create function goalpost_private.size_problem(p_tree text, p_fields text[]) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_bounded constant text := '^\{(RELABELTYPE :arg \{)?FUNCEXPR :funcid '
    || 'goalpost_private.bounded(anyelement)'::regprocedure::oid || ' ';
  v_literal constant text := '\{(?!CONST |RELABELTYPE |ARRAYEXPR |ARRAY |COERCEVIAIO |ARRAYCOERCEEXPR |CASETESTEXPR )';
  v_call record;
  v_rest text;
  v_large integer;
begin
  for v_call in
    select ':' || f || ' ' as mark, p.proname, p.proname = any (goalpost_private.uninterruptible_functions('pair')) as is_pair
      from unnest(p_fields) f
      join pg_catalog.pg_proc p on p.oid = split_part(f, ' ', 2)::oid
     where f ~ '^(op)?funcid'
       and (p.proname = any (goalpost_private.uninterruptible_functions('pair')) or p.proname = any (goalpost_private.uninterruptible_functions('each')))
  loop
    v_rest := regexp_replace(p_tree, '\\.', '', 'g');
    while strpos(v_rest, v_call.mark) > 0 loop
      v_rest := substr(v_rest, strpos(v_rest, v_call.mark) + length(v_call.mark));
      select count(*) into v_large
        from unnest(goalpost_private.node_arguments(v_rest)) with ordinality a (node, number)
       where (a.number <= 2 or not v_call.is_pair)
         and a.node !~ v_bounded and (a.node ~ v_literal or length(a.node) > 8000);
      if v_large > v_call.is_pair::integer then
        return format('%s compares values of any size, which nothing can interrupt; give it a short literal, or wrap each argument: goalpost_private.bounded(…)',
                      v_call.proname);
      end if;
    end loop;
  end loop;
  return null;
end
$$;

-- Returns aggregates whose state grows with every value.
create function goalpost_private.collecting_functions() returns text[]
language sql immutable
set search_path = ''
as $$ select array['string_agg', 'array_agg', 'json_agg', 'jsonb_agg', 'json_object_agg', 'jsonb_object_agg'] $$;

-- Returns a value that an aggregate collects, and refuses it once all aggregates of the transaction's query have
-- collected 16 MB (ZG008): work_mem does not bound their state.
create function goalpost_private.collected(p_value anyelement) returns anyelement
language plpgsql volatile
set search_path = ''
as $$
declare
  v_bytes constant bigint := coalesce(nullif(current_setting('goalpost.collected_bytes', true), '')::bigint, 0)
                             + coalesce(pg_column_size(array[p_value]), 0);
begin
  if v_bytes > 16777216 then
    raise exception using errcode = 'ZG008',
      message = 'the aggregates of this query collect more than 16 MB; collect fewer or shorter values, or count them';
  end if;
  perform set_config('goalpost.collected_bytes', v_bytes::text, true);
  return p_value;
end
$$;

-- Returns why an aggregate of an analysed query may not collect: its values do not pass through `collected`. Null if
-- all do.
create function goalpost_private.collecting_problem(p_tree text, p_fields text[]) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_collected constant text := '^\{TARGETENTRY :expr \{(RELABELTYPE :arg \{)?FUNCEXPR :funcid '
    || 'goalpost_private.collected(anyelement)'::regprocedure::oid || ' ';
  v_call record;
  v_piece text;
begin
  for v_call in
    select ':' || f || ' ' as mark, p.proname, f like 'winfnoid%' as is_window
      from unnest(p_fields) f
      join pg_catalog.pg_proc p on p.oid = split_part(f, ' ', 2)::oid
     where f ~ '^(aggfnoid|winfnoid) ' and p.proname = any (goalpost_private.collecting_functions())
  loop
    for v_piece in
      select t.piece from string_to_table(regexp_replace(p_tree, '\\.', '', 'g'), v_call.mark) with ordinality t (piece, number)
       where t.number > 1
    loop
      -- The arguments of a window function are bare, those of an aggregate are in entries of a list.
      if exists (
        select from unnest(goalpost_private.node_arguments(v_piece)) with ordinality a (node, number)
         where case when v_call.is_window then '{TARGETENTRY :expr ' || a.node else a.node end !~ v_collected
           and a.node !~ ':resjunk true' and (a.number = 1 or a.node ~ '\{(FUNCEXPR|VAR|OPEXPR|PARAM|SUBLINK) '))
      then
        return format('%s collects values of any size; wrap its arguments: goalpost_private.collected(…)', v_call.proname);
      end if;
    end loop;
  end loop;
  return null;
end
$$;

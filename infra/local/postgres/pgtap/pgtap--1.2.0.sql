-- The part of pgTAP that this project's tests use: same names, same order of arguments, same text. See README.md.
--
-- What a test file has done so far is kept in three settings of the session, which any role may read and
-- write: tests change roles. An aborted transaction takes them back, together with what it did.

create function _tap_get(p_name text) returns integer
language sql stable
set search_path = ''
as $$ select nullif(pg_catalog.current_setting('goalpost_tap.' || p_name, true), '')::integer $$;

create function _tap_set(p_name text, p_value integer) returns void
language sql volatile
set search_path = ''
as $$ select pg_catalog.set_config('goalpost_tap.' || p_name, coalesce(p_value::text, ''), false) $$;

create function _tap_begin(p_planned integer) returns void
language plpgsql volatile
as $$
begin
  if @extschema@._tap_get('planned') is not null then
    raise exception 'a plan was made already in this test';
  end if;
  perform @extschema@._tap_set('planned', p_planned);
  perform @extschema@._tap_set('run', 0);
  perform @extschema@._tap_set('failed', 0);
end
$$;

create function plan(p_count integer) returns text
language plpgsql volatile
as $$
begin
  perform @extschema@._tap_begin(p_count);
  return '1..' || p_count;
end
$$;

-- A plan of 0 stands for none: finish() then tells the count.
create function no_plan() returns setof boolean
language plpgsql volatile
as $$
begin
  perform @extschema@._tap_begin(0);
end
$$;

create function diag(msg text) returns text
language sql immutable strict
set search_path = ''
as $$ select pg_catalog.regexp_replace(msg, '^', '# ', 'gn') $$;

create function diag(msg anyelement) returns text
language sql stable
as $$ select @extschema@.diag(msg::text) $$;

create function ok(p_passed boolean, p_description text) returns text
language plpgsql volatile
as $$
declare
  v_number integer := @extschema@._tap_get('run') + 1;
  v_line text;
begin
  if v_number is null then
    raise exception 'a test was run before plan() or no_plan()';
  end if;
  perform @extschema@._tap_set('run', v_number);
  v_line := 'ok ' || v_number
    || case when coalesce(p_description, '') = '' then ''
       else ' - ' || replace(p_description, E'\n', E'\n# ') end;
  if p_passed then
    return v_line;
  end if;
  perform @extschema@._tap_set('failed', @extschema@._tap_get('failed') + 1);
  return 'not ' || v_line || E'\n'
    || @extschema@.diag('Failed test ' || v_number
         || case when coalesce(p_description, '') = '' then '' else ': "' || p_description || '"' end)
    || case when p_passed is null then E'\n' || @extschema@.diag('    (test result was NULL)') else '' end;
end
$$;

-- A failed test with its reasons, or a passed one.
create function _tap_judge(p_passed boolean, p_description text, p_reasons text) returns text
language sql volatile
as $$
  select @extschema@.ok(coalesce(p_passed, false), p_description)
    || case when p_passed then '' else coalesce(E'\n' || @extschema@.diag(p_reasons), '') end
$$;

create function ok(p_passed boolean) returns text
language sql volatile
as $$ select @extschema@.ok(p_passed, null) $$;

create function pass(p_description text) returns text
language sql volatile
as $$ select @extschema@.ok(true, p_description) $$;

create function pass() returns text
language sql volatile
as $$ select @extschema@.ok(true, null) $$;

create function fail(p_description text) returns text
language sql volatile
as $$ select @extschema@.ok(false, p_description) $$;

create function fail() returns text
language sql volatile
as $$ select @extschema@.ok(false, null) $$;

create function is(p_have anyelement, p_want anyelement, p_description text) returns text
language sql volatile
as $$
  select @extschema@._tap_judge(p_have is not distinct from p_want, p_description,
    '        have: ' || coalesce(p_have::text, 'NULL') || E'\n        want: ' || coalesce(p_want::text, 'NULL'))
$$;

create function is(p_have anyelement, p_want anyelement) returns text
language sql volatile
as $$ select @extschema@.is(p_have, p_want, null) $$;

create function isnt(p_have anyelement, p_unwanted anyelement, p_description text) returns text
language sql volatile
as $$
  select @extschema@._tap_judge(p_have is distinct from p_unwanted, p_description,
    '        have: ' || coalesce(p_have::text, 'NULL') || E'\n        want: anything else')
$$;

create function isnt(p_have anyelement, p_unwanted anyelement) returns text
language sql volatile
as $$ select @extschema@.isnt(p_have, p_unwanted, null) $$;

create function matches(p_have anyelement, p_pattern text, p_description text) returns text
language sql volatile
as $$
  select @extschema@._tap_judge(p_have::text ~ p_pattern, p_description,
    '                  ' || coalesce(quote_literal(p_have), 'NULL')
    || E'\n   doesn''t match: ' || coalesce(quote_literal(p_pattern), 'NULL'))
$$;

create function matches(p_have anyelement, p_pattern text) returns text
language sql volatile
as $$ select @extschema@.matches(p_have, p_pattern, null) $$;

create function alike(p_have anyelement, p_pattern text, p_description text) returns text
language sql volatile
as $$
  select @extschema@._tap_judge(p_have::text like p_pattern, p_description,
    '                  ' || coalesce(quote_literal(p_have), 'NULL')
    || E'\n   doesn''t match: ' || coalesce(quote_literal(p_pattern), 'NULL'))
$$;

create function alike(p_have anyelement, p_pattern text) returns text
language sql volatile
as $$ select @extschema@.alike(p_have, p_pattern, null) $$;

-- A query, or the name of a prepared statement.
create function _tap_query(p_text text) returns text
language sql immutable
set search_path = ''
as $$ select case when p_text ~ '^".*"$' or p_text !~ '\s' then 'execute ' || p_text else p_text end $$;

create function throws_ok(p_query text, p_code text, p_message text, p_description text) returns text
language plpgsql volatile
as $$
declare
  v_description text := coalesce(p_description,
    'threw ' || coalesce(p_code || ': ' || p_message, p_code, p_message, 'an exception'));
begin
  execute @extschema@._tap_query(p_query);
  return @extschema@._tap_judge(false, v_description,
    E'      caught: no exception\n      wanted: ' || coalesce(p_code, 'an exception'));
exception
  when others then
    return @extschema@._tap_judge(
      (p_code is null or sqlstate = p_code) and (p_message is null or sqlerrm = p_message),
      v_description,
      '      caught: ' || sqlstate || ': ' || sqlerrm || E'\n      wanted: '
      || coalesce(p_code || ': ' || p_message, p_code, p_message, 'an exception'));
end
$$;

-- Five bytes are a code, anything else is a message.
create function throws_ok(p_query text, p_code_or_message text, p_message_or_description text) returns text
language sql volatile
as $$
  select case when p_code_or_message is null or octet_length(p_code_or_message) = 5
    then @extschema@.throws_ok(p_query, p_code_or_message, p_message_or_description, null)
    else @extschema@.throws_ok(p_query, null, p_code_or_message, p_message_or_description) end
$$;

create function throws_ok(p_query text, p_code_or_message text) returns text
language sql volatile
as $$ select @extschema@.throws_ok(p_query, p_code_or_message, null) $$;

create function throws_ok(p_query text) returns text
language sql volatile
as $$ select @extschema@.throws_ok(p_query, null, null, null) $$;

create function lives_ok(p_query text, p_description text) returns text
language plpgsql volatile
as $$
begin
  execute @extschema@._tap_query(p_query);
  return @extschema@.ok(true, p_description);
exception
  when others then
    return @extschema@._tap_judge(false, p_description, '    died: ' || sqlstate || ': ' || sqlerrm);
end
$$;

create function lives_ok(p_query text) returns text
language sql volatile
as $$ select @extschema@.lives_ok(p_query, null) $$;

-- An array as the query that has its elements as rows.
create function _tap_rows(p_elements anyarray) returns text
language sql stable
as $$ select format('select unnest(%L::%s)', p_elements, pg_typeof(p_elements)) $$;

create function results_eq(p_have text, p_want text, p_description text) returns text
language plpgsql volatile
as $$
declare
  v_haves refcursor;
  v_wants refcursor;
  v_have record;
  v_want record;
  v_has_have boolean;
  v_has_want boolean;
  v_row integer := 0;
begin
  open v_haves for execute @extschema@._tap_query(p_have);
  open v_wants for execute @extschema@._tap_query(p_want);
  loop
    fetch v_haves into v_have;
    v_has_have := found;
    fetch v_wants into v_want;
    v_has_want := found;
    v_row := v_row + 1;
    exit when not v_has_have and not v_has_want;
    if v_has_have <> v_has_want or v_have is distinct from v_want then
      close v_haves;
      close v_wants;
      return @extschema@._tap_judge(false, p_description,
        '    Results differ beginning at row ' || v_row || ':'
        || E'\n        have: ' || case when v_has_have then v_have::text else 'NULL' end
        || E'\n        want: ' || case when v_has_want then v_want::text else 'NULL' end);
    end if;
  end loop;
  close v_haves;
  close v_wants;
  return @extschema@.ok(true, p_description);
exception
  when datatype_mismatch then
    return @extschema@._tap_judge(false, p_description,
      '    Number of columns or their types differ between the queries:'
      || E'\n        have: ' || coalesce(v_have::text, 'NULL')
      || E'\n        want: ' || coalesce(v_want::text, 'NULL')
      || E'\n        ERROR: ' || sqlerrm);
end
$$;

create function results_eq(p_have text, p_want text) returns text
language sql volatile
as $$ select @extschema@.results_eq(p_have, p_want, null::text) $$;

create function results_eq(p_have text, p_want anyarray, p_description text) returns text
language sql volatile
as $$ select @extschema@.results_eq(p_have, @extschema@._tap_rows(p_want), p_description) $$;

create function results_eq(p_have text, p_want anyarray) returns text
language sql volatile
as $$ select @extschema@.results_eq(p_have, p_want, null::text) $$;

create function set_eq(p_have text, p_want text, p_description text) returns text
language plpgsql volatile
as $$
declare
  v_extra text;
  v_missing text;
  v_difference constant text := 'select string_agg(E''\n        '' || found::text, '''' order by found::text)
    from (select * from (%s) as one except select * from (%s) as other) as found';
  v_have constant text := trim(trailing E'; \n' from p_have);
  v_want constant text := trim(trailing E'; \n' from p_want);
begin
  execute format(v_difference, v_have, v_want) into v_extra;
  execute format(v_difference, v_want, v_have) into v_missing;
  return @extschema@._tap_judge(v_extra is null and v_missing is null, p_description,
    concat_ws(E'\n', '    Extra records:' || v_extra, '    Missing records:' || v_missing));
end
$$;

create function set_eq(p_have text, p_want text) returns text
language sql volatile
as $$ select @extschema@.set_eq(p_have, p_want, null::text) $$;

create function set_eq(p_have text, p_want anyarray, p_description text) returns text
language sql volatile
as $$ select @extschema@.set_eq(p_have, @extschema@._tap_rows(p_want), p_description) $$;

create function set_eq(p_have text, p_want anyarray) returns text
language sql volatile
as $$ select @extschema@.set_eq(p_have, p_want, null::text) $$;

create function is_empty(p_query text, p_description text) returns text
language plpgsql volatile
as $$
declare
  v_row record;
  v_rows text := '';
begin
  for v_row in execute @extschema@._tap_query(p_query) loop
    v_rows := v_rows || E'\n        ' || v_row::text;
  end loop;
  return @extschema@._tap_judge(v_rows = '', p_description, '    Unexpected records:' || v_rows);
end
$$;

create function is_empty(p_query text) returns text
language sql volatile
as $$ select @extschema@.is_empty(p_query, null) $$;

create function isnt_empty(p_query text, p_description text) returns text
language plpgsql volatile
as $$
declare
  v_row record;
begin
  for v_row in execute @extschema@._tap_query(p_query) loop
    return @extschema@.ok(true, p_description);
  end loop;
  return @extschema@.ok(false, p_description);
end
$$;

create function isnt_empty(p_query text) returns text
language sql volatile
as $$ select @extschema@.isnt_empty(p_query, null) $$;

create function finish(exception_on_failure boolean default null) returns setof text
language plpgsql volatile
as $$
declare
  v_planned integer := @extschema@._tap_get('planned');
  v_run integer := @extschema@._tap_get('run');
  v_failed integer := @extschema@._tap_get('failed');
  v_complaint text;
begin
  if v_planned is null then
    raise exception 'finish() was called before plan() or no_plan()';
  end if;
  perform @extschema@._tap_set('planned', null);
  perform @extschema@._tap_set('run', null);
  perform @extschema@._tap_set('failed', null);
  if v_planned = 0 then
    v_planned := v_run;
    return next '1..' || v_run;
  end if;
  if v_run <> v_planned then
    v_complaint := format('Looks like you planned %s test%s but ran %s',
      v_planned, case when v_planned = 1 then '' else 's' end, v_run);
  elsif v_failed > 0 then
    v_complaint := format('Looks like you failed %s test%s of %s',
      v_failed, case when v_failed = 1 then '' else 's' end, v_planned);
  end if;
  if v_complaint is not null then
    if exception_on_failure then
      raise exception '%', v_complaint;
    end if;
    return next @extschema@.diag(v_complaint);
  end if;
end
$$;

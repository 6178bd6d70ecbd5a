-- Returns a result, or a note in its place if the total size up to it exceeds the cap.
create function goalpost_private.fitting_result(p_result jsonb, p_bytes_so_far bigint) returns jsonb
language sql stable
set search_path = ''
as $$
  select case
    when p_bytes_so_far <= l.max_context_bytes then p_result
    else jsonb_build_object('omitted', format(
      'this result has %s bytes, and all results of other steps together may have %s; ask for less',
      octet_length(p_result::text), l.max_context_bytes))
  end
    from goalpost_private.limits l
$$;

-- Returns the results of a step's dependencies by key; if not all fit, the smallest.
create function goalpost_private.dependency_results(p_run_id bigint, p_depends_on text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_results jsonb;
  v_bytes bigint;
begin
  if cardinality(p_depends_on) = 0 then
    return '{}';
  end if;
  select coalesce(jsonb_object_agg(s.key, s.result), '{}'), sum(octet_length(s.result::text))
    into v_results, v_bytes
    from goalpost.steps s
   where s.run_id = p_run_id and s.key = any (p_depends_on) and s.state = 'completed';
  if v_bytes <= (select l.max_context_bytes from goalpost_private.limits l) then
    return v_results;
  end if;
  return (
    select coalesce(jsonb_object_agg(t.key, goalpost_private.fitting_result(t.result, t.bytes_so_far)), '{}')
      from (
        select r.key, r.value as result,
               sum(octet_length(r.value::text)) over (order by octet_length(r.value::text), r.key) as bytes_so_far
          from jsonb_each(v_results) r) t);
end
$$;

-- Returns the failed dependencies of a step whose run continued after the failure (on_failure), by key with the reason:
-- {"failed_steps": {…}}; {} if there are none.
create function goalpost_private.failed_dependencies(p_run_id bigint, p_depends_on text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select case when count(*) > 0 then jsonb_build_object('failed_steps', jsonb_object_agg(s.key, left(s.error ->> 'message', 1000)))
                else '{}' end
      from goalpost.steps s
     where s.run_id = p_run_id and s.key = any (p_depends_on) and s.state = 'failed');
end
$$;

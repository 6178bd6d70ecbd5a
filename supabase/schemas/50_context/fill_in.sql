-- Path templates in texts for people: an approval's question and content, a sub-goal's title and description. The check
-- of a plan refuses all other template features in them (shared/domain/src/plan/contents.rs).

-- Returns the value at a path such as steps.list.rows[0].name; null if there is none.
create function goalpost_private.value_at(p_names jsonb, p_path text) returns jsonb
language sql immutable
set search_path = ''
as $$ select p_names #> string_to_array(replace(replace(p_path, '[', '.'), ']', ''), '.') $$;

-- Fills {{ steps.draft.text }}, {{ steps.list.rows[0].name }} or {{ goal.title }} into a text: a text unchanged, any
-- other value as JSON, and a path without a value as the path in brackets. Inserted values are not expanded again.
create function goalpost_private.fill_in(p_text text, p_names jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  v_rest text := p_text;
  v_filled text := '';
  v_start integer;
  v_length integer;
  v_path text;
  v_value jsonb;
begin
  loop
    v_start := strpos(v_rest, '{{');
    v_length := case when v_start > 0 then strpos(substr(v_rest, v_start + 2), '}}') end;
    if (v_length > 0) is not true then
      return v_filled || v_rest;
    end if;
    v_path := btrim(substr(v_rest, v_start + 2, v_length - 1), ' -');
    v_value := goalpost_private.value_at(p_names, v_path);
    v_filled := v_filled || left(v_rest, v_start - 1) || case jsonb_typeof(v_value)
      when 'string' then v_value #>> '{}'
      else coalesce(v_value::text, format('(%s is not there)', v_path)) end;
    v_rest := substr(v_rest, v_start + 2 + v_length + 1);
  end loop;
end
$$;

-- Fills paths into all strings of a JSON value. A string that is exactly one path becomes the value there, as in the
-- arguments of a call. The recursion ends with the value, whose depth is bounded by the check of plans.
create function goalpost_private.fill_in_strings(p_value jsonb, p_names jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  v_text constant text := p_value #>> '{}';
begin
  return case jsonb_typeof(p_value)
    when 'object' then (
      select coalesce(jsonb_object_agg(f.key, goalpost_private.fill_in_strings(f.value, p_names)), '{}')
        from jsonb_each(p_value) f)
    when 'array' then (
      select coalesce(jsonb_agg(goalpost_private.fill_in_strings(e.value, p_names) order by e.number), '[]')
        from jsonb_array_elements(p_value) with ordinality e (value, number))
    when 'string' then coalesce(
      goalpost_private.value_at(p_names, btrim(substring(v_text from '^\s*[{][{]([^{}]*)[}][}]\s*$'), ' -')),
      to_jsonb(goalpost_private.fill_in(v_text, p_names)))
    else p_value end;
end
$$;

-- Returns the values that a step's paths may use: the same as those of templates in arguments.
create function goalpost_private.names_for(p_step goalpost.steps) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
             'steps', goalpost_private.dependency_results(p_step.run_id, p_step.depends_on),
             'goal', jsonb_build_object('title', g.title, 'description', g.description, 'goal_type', g.goal_type),
             'question', q.question, 'parameters', r.parameters, 'now', goalpost_private.clock())
      from goalpost.workflow_runs r
      left join goalpost.goals g on g.id = r.goal_id
      left join goalpost.requests q on q.id = r.request_id
     where r.id = p_step.run_id);
end
$$;

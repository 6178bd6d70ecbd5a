-- Rules of a workspace on tables of the project. A rule creates a trigger on a table and reads every row that meets it,
-- whatever row-level security hides from its owner: so rules are set by project admins alone.

-- Returns the columns of a table: {name: category}, T for a timestamp with time zone, N numbers, S texts, D dates.
create function goalpost_private.columns_of_table(p_table regclass) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_object_agg(a.attname, case when a.atttypid in ('timestamptz'::regtype, 'timetz'::regtype) then 'T' else t.typcategory::text end)
    from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
   where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
$$;

-- Returns what is wrong with the conditions of a rule; null if nothing is.
create function goalpost_private.conditions_problem(p_conditions jsonb, p_columns jsonb) returns text
language sql stable
set search_path = ''
as $$
  select case
           when not p_columns ? (c ->> 'column') then format('the table has no column %s', left(c ->> 'column', 100))
           when (c ->> 'operator') in ('is null', 'is not null', 'changed') and c ? 'value'
             then format('the operator %s takes no value', c ->> 'operator')
           when (c ->> 'operator') in ('=', '<>', '<', '<=', '>', '>=', 'contains')
             and coalesce(jsonb_typeof(c -> 'value'), 'null') not in ('string', 'number', 'boolean')
             then format('the operator %s takes a text, a number, true or false', c ->> 'operator')
           when c ->> 'operator' = 'in' and (jsonb_typeof(c -> 'value') is distinct from 'array' or c -> 'value' = '[]'
             or exists (select from jsonb_path_query(c, 'strict $.value[*] ? (@.type() != "string" && @.type() != "number")')))
             then 'the operator in takes a list of texts or numbers'
           when (c ->> 'operator') in ('<', '<=', '>', '>=') and (p_columns ->> (c ->> 'column')) not in ('N', 'S', 'D')
             then format('the column %s has no order here: numbers, texts and dates without a time zone have one', c ->> 'column') end
    from jsonb_array_elements(p_conditions) with ordinality t (c, number)
   order by 1 nulls last limit 1
$$;

-- Returns the columns that templates name. Raises ZG003 for one that is no column, or that a change of these events does
-- not have.
create function goalpost_private.columns_of_templates(p_texts text, p_events text[], p_columns jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_path text;
  v_part text[];
  v_columns text[] := '{}';
begin
  for v_path in select btrim(m[1], ' -') from regexp_matches(p_texts, '[{][{](.*?)[}][}]', 'g') m loop
    v_part := regexp_match(v_path, '^(new|old)[.]([A-Za-z_][A-Za-z0-9_$]*)([.][A-Za-z0-9_]+|\[[0-9]+\])*$');
    if v_part is null or not p_columns ? v_part[2] then
      perform goalpost_private.refuse('ZG003', format('there is no value for {{ %s }}', left(v_path, 100)),
        'a template holds {{ new.column }} and {{ old.column }}, with columns of the table');
    elsif (v_part[1] = 'new' and 'delete' = any (p_events)) or (v_part[1] = 'old' and 'insert' = any (p_events)) then
      perform goalpost_private.refuse('ZG003',
        format('{{ %s }} is missing in a change of type %s', v_path, case v_part[1] when 'new' then 'delete' else 'insert' end),
        'write a rule for each event, or name only what each has: new after insert and update, old after update and delete');
    end if;
    v_columns := v_columns || v_part[2];
  end loop;
  return array(select distinct c from unnest(v_columns) c order by 1);
end
$$;

-- Creates, replaces or drops the trigger of a table, so that it fires for the events that rules name. A paused rule keeps
-- it. Waits at most two seconds for the table (ZG006).
create function goalpost_private.place_rule_trigger(p_schema text, p_table text) returns void
language plpgsql
set search_path = '' set lock_timeout = '2s'
as $$
declare
  v_table constant regclass := to_regclass(format('%I.%I', p_schema, p_table));
  v_events constant text[] := array(
    select distinct e from goalpost.request_rules r, unnest(r.events) e
     where r.schema_name = p_schema and r.table_name = p_table and r.uses_trigger order by 1);
  v_wanted integer := 1;
  v_present integer;
begin
  if v_table is null then
    return;
  end if;
  select t.tgtype into v_present from pg_catalog.pg_trigger t
   where t.tgrelid = v_table and t.tgname = 'goalpost_request_rules' and not t.tgisinternal;
  -- The bits of pg_trigger.tgtype: 1 each row, 4 insert, 8 delete, 16 update.
  v_wanted := 1 + 4 * ('insert' = any (v_events))::integer + 8 * ('delete' = any (v_events))::integer
                + 16 * ('update' = any (v_events))::integer;
  if v_wanted = 1 then
    execute format('drop trigger if exists goalpost_request_rules on %I.%I', p_schema, p_table);
  elsif v_wanted is distinct from v_present then
    execute format(
      'create or replace trigger goalpost_request_rules after %s on %I.%I for each row
         execute function goalpost_private.record_row_change(%L, %L)',
      array_to_string(v_events, ' or '), p_schema, p_table, p_schema, p_table);
  end if;
exception
  when lock_not_available then
    perform goalpost_private.refuse('ZG006', format('the table %s.%s is busy, so that its trigger cannot be changed', p_schema, p_table),
      'try again when no long transaction uses it');
  when insufficient_privilege then
    perform goalpost_private.refuse('ZG002', format('the owner of Goalpost may not create a trigger on %s.%s', p_schema, p_table),
      'grant trigger on the table to postgres, or bring its changes by a dashboard webhook alone');
end
$$;

-- Returns the table that a rule names: an ordinary one, in a schema that the workspace reads. Raises ZG003.
create function goalpost_private.table_of_rule(p_workspace_id uuid, p_schema text, p_table text) returns regclass
language plpgsql stable
set search_path = ''
as $$
declare
  v_table regclass;
begin
  if p_schema <> all (coalesce((select w.readable_schemas from goalpost.workspaces w where w.id = p_workspace_id), '{}')) then
    perform goalpost_private.refuse('ZG003', format('the workspace does not read the schema %s', p_schema),
      'a rule is set on a table of a schema that the workspace reads (readable_schemas)');
  end if;
  select c.oid::regclass into v_table
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname = p_schema and c.relname = p_table and c.relkind in ('r', 'p') and c.relpersistence <> 't'
     and n.nspname !~ '^(goalpost|pg_)' and n.nspname <> 'information_schema';
  if v_table is null then
    perform goalpost_private.refuse('ZG003', format('there is no table %s.%s', p_schema, p_table), 'views have no changes of rows');
  end if;
  return v_table;
end
$$;

-- Refuses a rule that cannot work, and returns the columns that it reads. Raises ZG002, ZG003, ZG007.
create function goalpost_private.check_request_rule(p_workspace_id uuid, p_rule jsonb) returns text[]
language plpgsql
set search_path = ''
as $$
declare
  v_problem text;
  v_columns jsonb;
  v_events text[];
  v_found record;
begin
  perform goalpost_private.refuse_unfit_shape('the rule', p_rule, 262144);
  v_problem := goalpost_private.json_problem('{
    "type": "object", "additionalProperties": false, "required": ["name", "table", "events", "question"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "schema": {"type": "string", "minLength": 1, "maxLength": 63},
      "table": {"type": "string", "minLength": 1, "maxLength": 63},
      "events": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"enum": ["insert", "update", "delete"]}},
      "conditions": {"type": "array", "maxItems": 20, "items": {
        "type": "object", "additionalProperties": false, "required": ["column", "operator"],
        "properties": {"column": {"type": "string"}, "value": {},
          "operator": {"enum": ["=", "<>", "<", "<=", ">", ">=", "in", "contains", "is null", "is not null", "changed"]}}}},
      "question": {"type": "string", "minLength": 1, "maxLength": 16000},
      "dedupe_key": {"type": "string", "minLength": 1, "maxLength": 1000},
      "context_columns": {"type": "array", "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 63}},
      "uses_trigger": {"type": "boolean"}, "includes_own_writes": {"type": "boolean"},
      "max_per_hour": {"type": "integer", "minimum": 1, "maximum": 1000},
      "runbook": {"type": "string", "minLength": 1, "maxLength": 200},
      "parameters": {"type": "object"}, "budget": {"type": "object"}}}', coalesce(p_rule, 'null'), 'the rule');
  v_problem := coalesce(v_problem,
    case when goalpost_private.trimmed(p_rule ->> 'question') = '' then 'the question is empty'
         when (p_rule ->> 'name') !~ '^[[:alnum:]][[:alnum:] _.-]*$'
           then 'a name has letters, digits, spaces, _, . and -, and begins with a letter or digit'
         when p_rule ? 'parameters' and not p_rule ? 'runbook' then 'parameters belong to a runbook' end);
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
  v_columns := goalpost_private.columns_of_table(
    goalpost_private.table_of_rule(p_workspace_id, coalesce(p_rule ->> 'schema', 'public'), p_rule ->> 'table'));
  v_problem := coalesce(goalpost_private.conditions_problem(coalesce(p_rule -> 'conditions', '[]'), v_columns),
    (select format('the table has no column %s', c) from jsonb_array_elements_text(p_rule -> 'context_columns') c where not v_columns ? c limit 1));
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem,
      format('its columns are %s', left((select string_agg(k, ', ' order by k) from jsonb_object_keys(v_columns) k), 1000)));
  end if;
  if p_rule ? 'budget' then
    perform goalpost_private.refuse_unfit_budget(p_rule -> 'budget');
  end if;
  if p_rule ? 'runbook' then
    perform goalpost_private.refuse_unfit_object('parameters', coalesce(p_rule -> 'parameters', '{}'));
    v_found := goalpost_private.find_runbook(p_workspace_id, auth.uid(), p_rule ->> 'runbook');
    if v_found.problem is not null then
      perform goalpost_private.refuse('ZG003', v_found.problem);
    end if;
  end if;
  v_events := array(select jsonb_array_elements_text(p_rule -> 'events'));
  return array(select distinct c
    from unnest(goalpost_private.columns_of_templates(
           concat_ws(' ', p_rule ->> 'question', p_rule ->> 'dedupe_key', p_rule ->> 'parameters'), v_events, v_columns)
         || array(select jsonb_array_elements_text(p_rule -> 'context_columns'))) c order by 1);
end
$$;

-- Writes a rule of the caller: {"rule_id", "name", "state"}. p_rule: {"name", "schema" (public if absent), "table",
-- "events", "conditions": [{"column", "operator", "value"}], "question", "runbook", "parameters", "dedupe_key",
-- "context_columns", "budget", "uses_trigger", "includes_own_writes", "max_per_hour"}. A name that exists is replaced, with
-- its history kept, and the caller becomes its owner. By project admins who are members of the workspace. Safe to repeat.
-- Raises ZG001, ZG002, ZG003, ZG006 (100 rules, or a busy table), ZG007. Locks the table against writes for the moment in
-- which its trigger is created. Definer: people may not write rules, nor create triggers.
create function goalpost_private.set_request_rule(p_workspace_id uuid, p_rule jsonb) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_columns text[];
  v_old goalpost.request_rules;
  v_rule goalpost.request_rules;
begin
  perform goalpost_private.require_role(p_workspace_id, 'member');
  if not goalpost_private.am_project_admin() then
    perform goalpost_private.refuse('ZG002', 'a rule reads every row of a table, so that only project admins set one',
      'ask a project admin who is a member of this workspace');
  end if;
  v_columns := goalpost_private.check_request_rule(p_workspace_id, p_rule);
  perform pg_advisory_xact_lock(hashtextextended(format('goalpost.request_rules %s', p_workspace_id), 0));
  select * into v_old from goalpost.request_rules r where r.workspace_id = p_workspace_id and r.name = p_rule ->> 'name';
  if not found and (select count(*) from goalpost.request_rules r where r.workspace_id = p_workspace_id) >= 100 then
    perform goalpost_private.refuse('ZG006', 'a workspace has at most 100 rules');
  end if;
  insert into goalpost.request_rules
    (workspace_id, name, user_id, schema_name, table_name, events, conditions, question, runbook, parameters, dedupe_key,
     context_columns, budget, uses_trigger, includes_own_writes, max_per_hour, columns, created_at)
  values
    (p_workspace_id, p_rule ->> 'name', auth.uid(), coalesce(p_rule ->> 'schema', 'public'), p_rule ->> 'table',
     array(select distinct e from jsonb_array_elements_text(p_rule -> 'events') e order by 1), coalesce(p_rule -> 'conditions', '[]'),
     p_rule ->> 'question', p_rule ->> 'runbook', coalesce(p_rule -> 'parameters', '{}'), p_rule ->> 'dedupe_key',
     array(select jsonb_array_elements_text(p_rule -> 'context_columns')), coalesce(p_rule -> 'budget', '{}'),
     coalesce((p_rule ->> 'uses_trigger')::boolean, true), coalesce((p_rule ->> 'includes_own_writes')::boolean, false),
     coalesce((p_rule ->> 'max_per_hour')::numeric::integer, 100), v_columns, goalpost_private.clock())
  on conflict on constraint one_rule_of_a_name do update
    set user_id = excluded.user_id, schema_name = excluded.schema_name, table_name = excluded.table_name,
        events = excluded.events, conditions = excluded.conditions, question = excluded.question, runbook = excluded.runbook,
        parameters = excluded.parameters, dedupe_key = excluded.dedupe_key, context_columns = excluded.context_columns,
        budget = excluded.budget, uses_trigger = excluded.uses_trigger, includes_own_writes = excluded.includes_own_writes,
        max_per_hour = excluded.max_per_hour, columns = excluded.columns, state = 'active'
  returning * into v_rule;
  perform goalpost_private.place_rule_trigger(v_rule.schema_name, v_rule.table_name);
  if (v_old.schema_name, v_old.table_name) is distinct from (v_rule.schema_name, v_rule.table_name) and v_old.id is not null then
    perform goalpost_private.place_rule_trigger(v_old.schema_name, v_old.table_name);
  end if;
  return jsonb_build_object('rule_id', v_rule.id, 'name', v_rule.name, 'state', v_rule.state);
end
$$;

create function goalpost.set_request_rule(p_workspace_id uuid, p_rule jsonb) returns jsonb
language sql set search_path = ''
as $$ select goalpost_private.set_request_rule(p_workspace_id, p_rule) $$;

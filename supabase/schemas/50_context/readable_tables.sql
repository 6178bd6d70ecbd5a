-- Returns the schemas that the asker's SQL may name: the workspace's, and for a project admin the catalog too.
create function goalpost_private.readable_schemas(p_workspace_id uuid, p_user_id uuid) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return (
  select w.readable_schemas
         || case when exists (select from goalpost.project_admins a where a.user_id = p_user_id)
                 then array['pg_catalog', 'information_schema'] else '{}' end
    from goalpost.workspaces w where w.id = p_workspace_id);
end
$$;

-- Returns the words of a text that may name a table or a column: of three letters and more, without a plural's ending.
create function goalpost_private.name_words(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$
  select array(
    select distinct regexp_replace(w, '(ies|es|s|y)$', '')
      from regexp_split_to_table(lower(left(p_text, 16000)), '[^[:alnum:]]+') w
     where length(w) >= 3)
$$;

-- Returns the tables and views of the workspace's schemas that signed-in people may read.
create function goalpost_private.readable_oids(p_workspace_id uuid) returns oid[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select c.oid
      from goalpost.workspaces w
      join pg_catalog.pg_namespace n on n.nspname = any (w.readable_schemas)
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
     where w.id = p_workspace_id and has_table_privilege('authenticated', c.oid, 'select'));
end
$$;

-- Returns the tables of the workspace's schemas that signed-in people may read, described from the catalog, at most 60;
-- those with the most words of the question first, then the largest:
-- {"tables": [...], "more_tables": the number left out}. A worker includes as many as fit its prompt.
-- Reads the catalog only: neither values nor row counts that a person may not see.
create function goalpost_private.readable_tables(p_workspace_id uuid, p_question text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_all constant oid[] := goalpost_private.readable_oids(p_workspace_id);
  v_chosen oid[];
begin
  v_chosen := goalpost_private.tables_for(v_all, goalpost_private.name_words(p_question));
  return jsonb_build_object(
    'more_tables', cardinality(v_all) - cardinality(v_chosen),
    'tables', (
      select coalesce(jsonb_agg(d.described order by array_position(v_chosen, d.table_oid)), '[]')
        from goalpost_private.describe_tables(v_chosen, v_all) d));
end
$$;

-- Describes tables and views. The planner's estimate of rows is left out where row-level security applies, since it
-- counts rows that the asker may not see, and for views, which have none. Fields without a value are left out.
create function goalpost_private.describe_tables(p_tables oid[], p_readable oid[])
returns table (table_oid oid, described jsonb)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select c.oid,
         jsonb_build_object('schema', n.nspname, 'name', c.relname,
                            'kind', case when c.relkind in ('v', 'm') then 'view' else 'table' end)
         || case when o.description is not null
                 then jsonb_build_object('comment', left(o.description, 300)) else '{}' end
         || case when not c.relrowsecurity and c.reltuples > 0
                 then jsonb_build_object('estimated_rows', c.reltuples::bigint) else '{}' end
         || case when l.more > 0 then jsonb_build_object('more_columns', l.more) else '{}' end
         || coalesce(k.described, '{}')
         || jsonb_build_object('columns', coalesce(l.described, '[]'))
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_description o
           on o.objoid = c.oid and o.classoid = 'pg_catalog.pg_class'::regclass and o.objsubid = 0
    left join goalpost_private.describe_columns(p_tables) l on l.table_oid = c.oid
    left join goalpost_private.describe_constraints(p_tables, p_readable) k on k.table_oid = c.oid
   where c.oid = any (p_tables);
end
$$;

-- Returns the first forty columns of each table, and the number of the others.
create function goalpost_private.describe_columns(p_tables oid[])
returns table (table_oid oid, described jsonb, more bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select a.attrelid,
         jsonb_agg(
           jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
           || case when a.attnotnull then '{"not_null": true}' else '{}'::jsonb end
           || case when o.description is not null
                   then jsonb_build_object('comment', left(o.description, 200)) else '{}' end
           || case when e.labels is not null then jsonb_build_object('values', e.labels) else '{}' end
           order by a.attnum) filter (where a.attnum <= 40),
         count(*) filter (where a.attnum > 40)
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_description o
           on o.objoid = a.attrelid and o.classoid = 'pg_catalog.pg_class'::regclass and o.objsubid = a.attnum
    left join (select n.enumtypid, jsonb_agg(n.enumlabel order by n.enumsortorder) as labels
                 from pg_catalog.pg_enum n group by n.enumtypid having count(*) <= 30) e on e.enumtypid = a.atttypid
   where a.attrelid = any (p_tables) and a.attnum > 0 and not a.attisdropped
   group by a.attrelid;
end
$$;

-- Returns the keys and the short checks of each table that has any: {"primary_key", "unique_keys", "foreign_keys",
-- "checks"}. Only foreign keys to tables of p_readable are included.
create function goalpost_private.describe_constraints(p_tables oid[], p_readable oid[])
returns table (table_oid oid, described jsonb)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  select k.conrelid, jsonb_strip_nulls(jsonb_build_object(
           'primary_key', (jsonb_agg(k.columns) filter (where k.contype = 'p')) -> 0,
           'unique_keys', jsonb_agg(k.columns order by k.conname) filter (where k.contype = 'u'),
           'foreign_keys', jsonb_agg(jsonb_build_object(
               'columns', k.columns, 'references', k.confrelid::regclass::text,
               'referenced_columns', k.referenced_columns) order by k.conname)
             filter (where k.contype = 'f'),
           'checks', jsonb_agg(jsonb_build_object('columns', k.columns, 'expression', k.expression) order by k.conname)
             filter (where length(k.expression) <= 200)))
    from (
      select c.conrelid, c.contype, c.conname, c.confrelid,
             array(select a.attname from pg_catalog.pg_attribute a
                    where a.attrelid = c.conrelid and a.attnum = any (c.conkey)
                    order by array_position(c.conkey, a.attnum)) as columns,
             array(select a.attname from pg_catalog.pg_attribute a
                    where a.attrelid = c.confrelid and a.attnum = any (c.confkey)
                    order by array_position(c.confkey, a.attnum)) as referenced_columns,
             case when c.contype = 'c' then pg_get_expr(c.conbin, c.conrelid, true) end as expression
        from pg_catalog.pg_constraint c
       where c.conrelid = any (p_tables)
         and (c.contype in ('p', 'u', 'c') or c.confrelid = any (p_readable))) k
   group by k.conrelid;
end
$$;

-- Returns the 60 of these tables that match the words best, the best first. A word in the table's name counts four
-- times a word in a column's. Equal matches are ordered by size, except tables with row-level security, whose size is
-- confidential.
create function goalpost_private.tables_for(p_tables oid[], p_words text[]) returns oid[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_column constant text := '(^|_)(' || array_to_string(p_words, '|') || ')';
begin
  return array(
    select c.oid
      from pg_catalog.pg_class c
      left join (
        select a.attrelid, count(*) as hits
          from pg_catalog.pg_attribute a
         where p_words <> '{}' and a.attrelid = any (p_tables) and a.attnum between 1 and 40
           and lower(a.attname) ~ v_column
         group by a.attrelid) h on h.attrelid = c.oid
     where c.oid = any (p_tables)
     order by 4 * (select count(*) from unnest(p_words) w where strpos(lower(c.relname), w) > 0)
              + least(coalesce(h.hits, 0), 3) desc,
              case when c.relrowsecurity then 0 else greatest(c.reltuples, 0) end desc, c.relname
     limit 60);
end
$$;

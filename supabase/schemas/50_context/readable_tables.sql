-- Schemas that the asker's SQL may name: the workspace's; for a project admin the catalog too.
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

-- Words of a text that may name a table or a column: of three letters and more, without a plural's ending.
create function goalpost_private.name_words(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$
  select array(
    select distinct regexp_replace(w, '(ies|es|s|y)$', '')
      from regexp_split_to_table(lower(left(p_text, 16000)), '[^[:alnum:]]+') w
     where length(w) >= 3)
$$;

-- Tables of the workspace's schemas that signed-in people may read, with their columns: what a planner may build on.
-- Where there are more than 60, those come first whose name or columns have most words of the question, then the largest:
-- {"tables": [...], "more_tables": how many are left out}.
create function goalpost_private.readable_tables(p_workspace_id uuid, p_question text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_words constant text[] := goalpost_private.name_words(p_question);
  v_all oid[];
  v_chosen oid[];
begin
  v_all := array(
    select c.oid
      from goalpost.workspaces w
      join pg_catalog.pg_namespace n on n.nspname = any (w.readable_schemas)
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
     where w.id = p_workspace_id and has_table_privilege('authenticated', c.oid, 'select'));
  v_chosen := case when cardinality(v_all) <= 60 then v_all else goalpost_private.tables_for(v_all, v_words) end;
  return jsonb_build_object(
    'more_tables', cardinality(v_all) - cardinality(v_chosen),
    'tables', (
      select coalesce(jsonb_agg(jsonb_build_object(
               'schema', n.nspname, 'name', c.relname, 'estimated_rows', greatest(c.reltuples, 0)::bigint,
               'columns', (select coalesce(jsonb_agg(
                                    jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                                    order by a.attnum), '[]')
                             from pg_catalog.pg_attribute a
                            where a.attrelid = c.oid and a.attnum between 1 and 40 and not a.attisdropped))
               order by n.nspname, c.relname), '[]')
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.oid = any (v_chosen)));
end
$$;

-- The 60 of these tables that fit the words best. A word in the table's name counts four times one in a column's.
create function goalpost_private.tables_for(p_tables oid[], p_words text[]) returns oid[]
language sql stable
set search_path = ''
as $$
  select array(
    select c.oid
      from pg_catalog.pg_class c
      left join (
        select a.attrelid, count(*) as hits
          from pg_catalog.pg_attribute a
         where a.attrelid = any (p_tables) and a.attnum between 1 and 40
           and lower(a.attname) ~ ('(^|_)(' || array_to_string(p_words, '|') || ')') and p_words <> '{}'
         group by a.attrelid) h on h.attrelid = c.oid
     where c.oid = any (p_tables)
     order by 4 * (select count(*) from unnest(p_words) w where strpos(lower(c.relname), w) > 0)
              + least(coalesce(h.hits, 0), 3) desc, c.reltuples desc, c.relname
     limit 60)
$$;

-- What the tools of a workspace may reach: hosts, domains, schemas and tables, changed one at a time, so that concurrent
-- changes do not undo each other.

-- Returns the list with this item or without it, in order.
create function goalpost_private.with_item(p_list text[], p_item text, p_is_in boolean) returns text[]
language sql immutable
set search_path = ''
as $$
  select coalesce(array_agg(distinct i order by i), '{}')
    from unnest(p_list || case when p_is_in then array[p_item] else '{}' end) i
   where p_is_in or i <> p_item
$$;

-- Returns the pattern of the schemas that no workspace's tools reach, the one of the constraint of writable_tables.
create function goalpost_private.own_schemas() returns text
language sql immutable
set search_path = ''
as $$
  select '^(pg_|goalpost|information_schema$|auth$|vault$|storage$|cron$|net$|pgmq|realtime$|extensions$|supabase_|graphql)'
$$;

-- Returns what is wrong with a name that is to be allowed, as a message; null if nothing is.
create function goalpost_private.tool_access_problem(p_kind text, p_name text, p_operations text[]) returns text
language sql stable
set search_path = ''
as $$
  select case
    when p_kind in ('http', 'webhook') then case
      when p_name !~ '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$' or p_name ~ ':443$'
      then 'a host is its name in lower case, without https:// and path, with :port where that is not 443' end
    when p_kind = 'email' then case
      when p_name !~ '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$' then 'a domain is what follows the @, in lower case, such as example.com' end
    when p_kind = 'schema' then case
      when p_name ~ goalpost_private.own_schemas() then 'the schemas of Postgres, Supabase and Goalpost cannot be listed'
      when to_regnamespace(quote_ident(p_name)) is null then format('there is no schema %s', left(p_name, 100)) end
    else case
      when strpos(p_name, '.') = 0 then 'a table is its schema and its name, such as public.findings'
      when split_part(p_name, '.', 1) ~ goalpost_private.own_schemas() then 'the schemas of Postgres, Supabase and Goalpost cannot be listed'
      when not exists (
        select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = split_part(p_name, '.', 1) and c.relname = substr(p_name, strpos(p_name, '.') + 1)
           and c.relkind in ('r', 'p'))
      then format('there is no table %s', left(p_name, 200))
      when (p_operations <@ array['insert', 'update'] and 'insert' = any (p_operations)) is not true
      then 'the operations on a table are insert, or insert and update' end
    end
$$;

-- Refuses unless the caller may set what tools of this kind reach: admins of the workspace, and for schemas and tables
-- project admins, too.
create function goalpost_private.require_access_setter(p_workspace_id uuid, p_kind text) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if p_kind not in ('schema', 'table') or not goalpost_private.am_project_admin() then
    perform goalpost_private.require_role(p_workspace_id, 'admin');
  elsif not exists (select from goalpost.workspaces w where w.id = p_workspace_id) then
    perform goalpost_private.refuse('ZG001', 'there is no such workspace');
  end if;
end
$$;

-- Allows or withdraws one destination of a workspace's tools: {"kind", "name", "is_allowed", "changed"}. p_kind: http or
-- webhook (a host), email (a domain), schema (readable by queries), table (writable; p_operations are insert, or insert and
-- update). Queries and writes have the rights of the person who asks in any case. By admins; schemas and tables are added by
-- project admins alone, since they belong to the project and not to a workspace, which anyone may create. Safe to repeat.
-- Raises ZG001, ZG002, ZG003, ZG006 (100 of a kind). Locks the workspace's row. Definer: people may not write workspaces.
create function goalpost_private.set_tool_access(
  p_workspace_id uuid, p_kind text, p_name text, p_is_allowed boolean, p_operations text[]
) returns jsonb
language plpgsql security definer
set search_path = ''
as $$
declare
  v_workspace goalpost.workspaces;
  v_before text[];
  v_wanted text[];
  v_problem text;
begin
  perform goalpost_private.require_access_setter(p_workspace_id, coalesce(p_kind, ''));
  if coalesce(p_kind, '') not in ('http', 'webhook', 'email', 'schema', 'table') then
    perform goalpost_private.refuse('ZG003', 'tools reach hosts (http, webhook), domains (email), schemas (schema) and tables (table)');
  elsif num_nulls(p_name, p_is_allowed) > 0 then
    perform goalpost_private.refuse('ZG003', 'a change has a name, and is to allow it or not');
  end if;
  -- Locks the row: otherwise an admin who repeats what is withdrawn meanwhile would add it.
  select * into v_workspace from goalpost.workspaces w where w.id = p_workspace_id for no key update;
  v_before := case p_kind
    when 'http' then v_workspace.http_hosts when 'webhook' then v_workspace.webhook_hosts
    when 'email' then v_workspace.email_domains when 'schema' then v_workspace.readable_schemas
    else array(select format('%s.%s %s', t.schema_name, t.table_name, o) from goalpost.writable_tables t, unnest(t.operations) o
                where t.workspace_id = p_workspace_id) end;
  v_wanted := case p_kind when 'table' then array(select p_name || ' ' || o from unnest(p_operations) o) else array[p_name] end;
  if p_kind in ('schema', 'table') and p_is_allowed and not v_before @> v_wanted and not goalpost_private.am_project_admin() then
    perform goalpost_private.refuse('ZG002', format('only a project admin adds a %s, since it belongs to the whole project', p_kind),
      'ask one of them; admins of the workspace may remove it');
  end if;
  if p_is_allowed then
    v_problem := goalpost_private.tool_access_problem(p_kind, p_name, p_operations);
  end if;
  if v_problem is not null then
    perform goalpost_private.refuse('ZG003', v_problem);
  end if;
  if p_kind = 'table' then
    return goalpost_private.set_writable_table(p_workspace_id, p_name, case when p_is_allowed then p_operations else '{}' end);
  end if;
  if p_is_allowed and p_name <> all (v_before) and cardinality(v_before) >= 100 then
    perform goalpost_private.refuse('ZG006', 'a workspace lists at most 100 of a kind', 'remove one first');
  end if;
  if p_is_allowed is distinct from (p_name = any (v_before)) then
    update goalpost.workspaces w
       set http_hosts = case p_kind when 'http' then goalpost_private.with_item(w.http_hosts, p_name, p_is_allowed) else w.http_hosts end,
           webhook_hosts = case p_kind when 'webhook' then goalpost_private.with_item(w.webhook_hosts, p_name, p_is_allowed)
                                       else w.webhook_hosts end,
           email_domains = case p_kind when 'email' then goalpost_private.with_item(w.email_domains, p_name, p_is_allowed)
                                       else w.email_domains end,
           readable_schemas = case p_kind when 'schema' then goalpost_private.with_item(w.readable_schemas, p_name, p_is_allowed)
                                          else w.readable_schemas end
     where w.id = p_workspace_id;
  end if;
  return jsonb_build_object('kind', p_kind, 'name', p_name, 'is_allowed', p_is_allowed,
                            'changed', p_is_allowed is distinct from (p_name = any (v_before)));
end
$$;

-- Writes the row of a writable table, or deletes it without operations. Expects checked arguments.
create function goalpost_private.set_writable_table(p_workspace_id uuid, p_name text, p_operations text[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_schema constant text := split_part(p_name, '.', 1);
  v_table constant text := substr(p_name, strpos(p_name, '.') + 1);
  v_operations constant text[] := array(select distinct o from unnest(p_operations) o order by o);
begin
  if v_operations = '{}' then
    delete from goalpost.writable_tables t
     where t.workspace_id = p_workspace_id and t.schema_name = v_schema and t.table_name = v_table;
  else
    if (select count(*) from goalpost.writable_tables t where t.workspace_id = p_workspace_id
           and (t.schema_name, t.table_name) <> (v_schema, v_table)) >= 100 then
      perform goalpost_private.refuse('ZG006', 'a workspace lists at most 100 of a kind', 'remove one first');
    end if;
    insert into goalpost.writable_tables as t (workspace_id, schema_name, table_name, operations)
    values (p_workspace_id, v_schema, v_table, v_operations)
    on conflict (workspace_id, schema_name, table_name) do update set operations = excluded.operations
      where t.operations <> excluded.operations;
  end if;
  return jsonb_build_object('kind', 'table', 'name', p_name, 'is_allowed', v_operations <> '{}', 'changed', found);
end
$$;

create function goalpost.set_tool_access(
  p_workspace_id uuid, p_kind text, p_name text, p_is_allowed boolean default true, p_operations text[] default '{insert}'
) returns jsonb language sql set search_path = ''
as $$ select goalpost_private.set_tool_access(p_workspace_id, p_kind, p_name, p_is_allowed, p_operations) $$;

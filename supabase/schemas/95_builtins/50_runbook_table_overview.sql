-- The runbook table-overview. How runbooks are written: see the first of them, 40_runbook_database_audit.sql. Lists the
-- tables that the asker may read, in the schemas that people created. It needs no model.

do $runbook$
declare
  c_readable constant text := $query$
with readable as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as object, c.relkind, c.reltuples,
    obj_description(c.oid, 'pg_class') as comment
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm')
    and not c.relispartition
    and n.nspname !~ '^(pg_|graphql|supabase_|pgsodium|goalpost)'
    and n.nspname not in (
      'information_schema', 'auth', 'storage', 'vault', 'extensions', 'cron', 'net', 'pgmq', 'pgmq_public', 'realtime',
      'pgbouncer', 'pgtle', '_analytics', '_realtime', '_supavisor')
    and has_table_privilege(c.oid, 'select')
    and not exists (
      select 1 from pg_catalog.pg_depend d
      where d.classid = to_regclass('pg_catalog.pg_class') and d.objid = c.oid and d.deptype = 'e')
)$query$;

  c_tables constant text := c_readable || $query$
select
  t.object,
  case t.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
  case when t.relkind = 'v' then '' when t.reltuples < 0 then 'not analyzed yet' else round(t.reltuples::numeric)::text end as estimated_rows,
  case when t.relkind = 'v' then '' else pg_size_pretty(pg_total_relation_size(t.oid)) end as size,
  coalesce(t.comment, '') as comment
from readable t
order by t.object
limit 100
$query$;

  c_columns constant text := c_readable || $query$
select
  t.object,
  string_agg(a.attname::text || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then '' else ' or null' end,
    ', ' order by a.attnum) as columns
from readable t
join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
group by t.object
order by t.object
limit 100
$query$;

  c_links constant text := c_readable || $query$
select t.object, k.conname::text as name, pg_get_constraintdef(k.oid) as definition
from pg_catalog.pg_constraint k
join readable t on t.oid = k.conrelid
where k.contype = 'f'
order by t.object, k.conname
limit 200
$query$;

  c_report constant text := $template$
{%- if steps.tables is defined and steps.tables.rows -%}
Tables and views that you may read: {{ steps.tables.row_count }}.

{{ steps.tables.rows | table(["object", "kind", "estimated_rows", "size", "comment"]) }}
{%- else -%}
There is no table here that you may read.
{%- endif %}
{% if steps.columns is defined and steps.columns.rows %}
## Columns
{% for row in steps.columns.rows %}
- **`{{ row.object }}`**: {{ row.columns }}
{%- endfor %}
{% endif -%}
{%- if steps.links is defined and steps.links.rows %}
## How they hang together
{% for row in steps.links.rows %}
- `{{ row.object }}`: {{ row.definition }}
{%- endfor %}
{% endif -%}$template$;
begin
  perform goalpost_private.publish_builtin_runbook(
    p_name => 'table-overview',
    p_version => 1,
    p_title => 'Show what data there is',
    p_description => 'Lists the tables and views that the asker may read, with their size, columns and foreign keys.',
    p_goal_type => 'table_overview',
    p_examples => array[
      'What tables do we have?',
      'Show me an overview of the data',
      'Which data can I ask about?',
      'Describe the schema',
      'List all tables with their columns',
      'How do our tables hang together?',
      'What columns and foreign keys are there?',
      'Give me a map of the database',
      'What is in this database?'],
    p_requires_project_admin => false,
    p_plan => jsonb_build_object(
      'summary', 'The tables that the asker may read, their columns and their foreign keys, side by side.',
      'criteria', jsonb_build_array(
        jsonb_build_object(
          'description', 'The readable tables are listed, each with its columns.',
          'check', 'steps.tables is defined and steps.columns is defined and steps.tables.row_count == steps.columns.row_count')),
      'steps', jsonb_build_array(
        jsonb_build_object('key', 'tables', 'kind', 'tool', 'title', 'List the tables',
          'input', jsonb_build_object('tool', 'sql', 'arguments', jsonb_build_object('query', c_tables))),
        jsonb_build_object('key', 'columns', 'kind', 'tool', 'title', 'List their columns',
          'on_failure', 'continue', 'input', jsonb_build_object('tool', 'sql', 'arguments', jsonb_build_object('query', c_columns))),
        jsonb_build_object('key', 'links', 'kind', 'tool', 'title', 'List their foreign keys',
          'on_failure', 'continue', 'input', jsonb_build_object('tool', 'sql', 'arguments', jsonb_build_object('query', c_links)))),
      'report', jsonb_build_object('title', 'What data there is', 'body', c_report)));
end
$runbook$;

-- Schemas and tables belong to the project: its admins add them to any workspace, the workspace's admins only remove.
begin;
select * from no_plan();
select tests.world();
select tests.person('oscar');
insert into goalpost.project_admins values (tests.id_of('oscar'));
create schema shop;
create table shop.notes (id int);
create table shop."Odd.Name" (id int);
create view shop.seen as select 1;
create table public.elsewhere (id int);
create table public.notes (id int);
create function pg_temp.reason(p_person text, p_kind text, p_name text, p_is_allowed boolean default true, p_operations text[] default '{insert}', p_workspace text default 'acme') returns text language plpgsql as $$
begin
  perform tests.value_for(p_person, format('select goalpost.set_tool_access(%L, %L, %L, %L, %L)', tests.id_of(p_workspace), p_kind, p_name, p_is_allowed, p_operations));
  return 'none';
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end $$;
create function pg_temp.reach() returns text language sql as $$
  select w.readable_schemas::text || coalesce((select string_agg(format('%s.%s %s', t.schema_name, t.table_name, t.operations), ', ' order by t.table_name) from goalpost.writable_tables t where t.workspace_id = w.id), '')
    from goalpost.workspaces w where w.id = tests.id_of('acme') $$;

select matches(pg_temp.reason('olga', 'schema', 'shop'), '^ZG002 only a project admin adds a schema', 'an owner of the workspace may not add a schema');
select matches(pg_temp.reason('adam', 'table', 'shop.notes'), '^ZG002 only a project admin adds a table', 'an admin of the workspace may not add a table');
select matches(pg_temp.reason('mia', 'schema', 'shop'), '^ZG002 this needs the role admin', 'a member may not add a schema');
select matches(pg_temp.reason('sam', k, 'shop.notes'), '^ZG001', format('a stranger may not add a %s', k)) from unnest(array['schema', 'table']) k;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('elsewhere'), 'shop', 'notes');
select matches(pg_temp.reason('adam', 'table', 'shop.notes'), '^ZG002 only a project admin', 'a table of another workspace is not one''s own');
delete from goalpost.writable_tables;
select is(pg_temp.reason('adam', k, n, false), 'none', format('an admin withdraws what is not there: %s', n)) from (values ('schema', 'shop'), ('table', 'shop.notes')) d (k, n);
select is(pg_temp.reach(), '{public}', 'nothing refused was written');
select is(pg_temp.reason('oscar', 'schema', 'shop'), 'none', 'a project admin who is no member adds a schema');
select is(pg_temp.reason('oscar', 'table', 'shop.notes'), 'none', 'a project admin adds a table');
select is(pg_temp.reason('oscar', 'table', 'shop.Odd.Name', true, '{update,insert,insert}'), 'none', 'a table''s name is everything behind the first dot');
select is(pg_temp.reach(), '{public,shop}shop.Odd.Name {insert,update}, shop.notes {insert}', 'schemas and tables are stored with their operations');
select is_empty($$ select from goalpost.writable_tables where workspace_id <> tests.id_of('acme') $$, 'no other workspace has them');
select is(pg_temp.reason('adam', k, n), 'none', format('an admin may repeat what is there: %s', n)) from (values ('schema', 'shop'), ('table', 'shop.notes')) d (k, n);
select matches(pg_temp.reason('adam', 'table', 'shop.notes', true, '{insert,update}'), '^ZG002', 'an admin may not add an operation');
select is(tests.json_for('adam', format('select goalpost.set_tool_access(%L, ''table'', ''shop.Odd.Name'')', tests.id_of('acme'))) ->> 'changed', 'true', 'an admin takes an operation away');
select is(tests.json_for('adam', format('select goalpost.set_tool_access(%L, ''table'', ''shop.Odd.Name'')', tests.id_of('acme'))) ->> 'changed', 'false', 'the same again changes nothing');
select is(pg_temp.reach(), '{public,shop}shop.Odd.Name {insert}, shop.notes {insert}', 'the operation is gone');
select is(pg_temp.reason('oscar', 'table', t, true, '{insert}', w), 'none', format('a table is added: %s in %s', t, w)) from (values ('public.notes', 'acme'), ('shop.notes', 'elsewhere')) d (t, w);
select is(pg_temp.reason('adam', 'table', 'shop.notes', false), 'none', 'an admin removes a table');
select results_eq($$ select schema_name, table_name, workspace_id = tests.id_of('acme') from goalpost.writable_tables order by 3, 1, 2 $$, $$ values ('shop', 'notes', false), ('public', 'notes', true), ('shop', 'Odd.Name', true) $$, 'no other table of a name, schema or workspace is removed');
delete from goalpost.writable_tables where table_name = 'notes';
select is(pg_temp.reason('oscar', 'table', 'shop.notes'), 'none', 'it is added again');
select is(pg_temp.reason('adam', 'schema', 'shop', false) || pg_temp.reason('olga', 'table', 'shop.notes', false) || pg_temp.reason('oscar', 'table', 'shop.Odd.Name', false), 'nonenonenone', 'admins remove schemas and tables, and project admins too');
select is(pg_temp.reach(), '{public}', 'they are removed');
select matches(pg_temp.reason('mia', 'table', 'shop.notes', false), '^ZG002', 'a member may not remove a table');
select matches(pg_temp.reason('oscar', 'http', 'a.example.com'), '^ZG001', 'a project admin who is no member may not allow a host');
select matches(pg_temp.reason('oscar', 'schema', 'shop', true, '{insert}', 'not there'), '^ZG001 there is no such workspace', 'a workspace that does not exist is refused');
select matches(pg_temp.reason('oscar', k, n, true, o), '^ZG003', format('%s %s %s is refused', k, n, o))
  from (values ('schema', 'auth', '{insert}'::text[]), ('schema', 'pg_catalog', '{insert}'), ('schema', 'goalpost', '{insert}'), ('schema', 'goalpost_private', '{insert}'), ('schema', 'vault', '{insert}'), ('schema', 'nowhere', '{insert}'), ('schema', 'Shop', '{insert}'), ('schema', '', '{insert}'),
               ('schema', U&'sh\200Bop', '{insert}'), ('table', 'notes', '{insert}'), ('table', 'shop.', '{insert}'), ('table', 'shop.nothing', '{insert}'), ('table', 'shop.elsewhere', '{insert}'), ('table', 'shop.seen', '{insert}'), ('table', 'auth.users', '{insert}'), ('table', 'goalpost.members', '{insert}'),
               ('table', 'shop.notes', '{delete}'), ('table', 'shop.notes', '{update}'), ('table', 'shop.notes', '{}'), ('table', 'shop.notes', '{insert,null}'), ('table', 'shop.notes', null)) d (k, n, o);
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) select tests.id_of(w), 'public', 't' || n from generate_series(1, 99) n, unnest(array['acme', 'elsewhere']) w;
select is(pg_temp.reason('oscar', 'table', 'shop.notes'), 'none', 'the hundredth table is added');
select is(pg_temp.reason('oscar', 'table', 'shop.notes', true, '{insert,update}'), 'none', 'it may be changed');
select matches(pg_temp.reason('oscar', 'table', 'shop.Odd.Name'), '^ZG006', 'one more is refused');

select * from finish();
rollback;

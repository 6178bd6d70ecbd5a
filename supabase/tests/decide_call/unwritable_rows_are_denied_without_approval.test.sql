-- A call that a person approves can be carried out.
begin;
select plan(6);
select tests.world();

create table public.tests_notes (id integer primary key, body text);
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'tests_notes');
insert into goalpost.tool_policies (workspace_id, name, tool, effect) values (tests.id_of('acme'), 'ask', 'table_write', 'needs_approval');
select tests.set('run', tests.planned('w', '{"w": {"input": {"tool": "table_write", "arguments": {}}}}'));
create function pg_temp.decided(p_arguments text) returns text language sql as $$ select tests.policy(tests.get('run'), 'w', 'table_write', p_arguments::jsonb) $$;
select is(pg_temp.decided('{"table": "public.tests_notes", "rows": [{"id": 1, "body": "b"}]}'), 'needs_approval ask', 'rows that can be written wait for approval');
select is(pg_temp.decided('{"table": "public.tests_note", "rows": [{"id": 1}]}'), 'deny invalid_write', 'rows for a table that is not listed are denied');
select is(pg_temp.decided('{"table": "public.tests_notes", "rows": [{"idd": 1}]}'), 'deny invalid_write', 'rows with an unknown column are denied');
select is(pg_temp.decided('{"table": "public.tests_notes", "rows": [{"id": 1}], "mode": "upsert", "conflict_columns": ["id"]}'), 'deny invalid_write', 'a mode that the table does not permit is denied');
select is(pg_temp.decided('{"table": "public.tests_notes", "rows": []}'), 'deny invalid_write', 'a write without rows is denied');
select is(pg_temp.decided('{}'), 'deny invalid_write', 'a write without arguments is denied');

select * from finish();
rollback;

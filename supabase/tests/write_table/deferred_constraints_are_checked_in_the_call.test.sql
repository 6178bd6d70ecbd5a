-- A deferred key of the project's own table is refused inside the call, as an answer, and not at a commit without a
-- reader.
begin;
select plan(3);
select tests.world();

create table public.owners (id integer primary key);
create table public.things (id integer primary key, owner integer references public.owners deferrable initially deferred);
create function public.change_claims() returns trigger language plpgsql as $$ begin perform set_config('request.jwt.claims', '{}', true); return new; end $$;
grant select, insert on public.things, public.owners to authenticated;
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'things');
select tests.set('run', tests.planned('a', '{"a": {"input": {"tool": "table_write", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'a');
select matches(goalpost_worker.write_table(tests.get('run'), 'a', 1, 1, 'public.things', '[{"id": 1, "owner": 7}]', 'insert') ->> 'message', 'violates foreign key', 'a row that violates a deferred key is refused');
select is_empty('select from public.things', 'a refused row is not left in the table');
insert into public.owners values (7);
select is(goalpost_worker.write_table(tests.get('run'), 'a', 1, 1, 'public.things', '[{"id": 1, "owner": 7}]', 'insert') ->> 'row_count', '1', 'the row is written when its key is satisfied');

select * from finish();
rollback;

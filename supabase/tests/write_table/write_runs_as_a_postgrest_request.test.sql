-- A write has the claims, the role and the search path of the person's own request through PostgREST.
begin;
select plan(6);
select tests.world();

create table public.audit_log (what text, who text, tenant text, headers text);
create table public.notes (id integer, body text);
create schema shop;
create table shop.items (id integer);
grant usage on schema shop to authenticated;
grant select, insert on public.audit_log, public.notes, shop.items to authenticated;
create function public.log() returns trigger language plpgsql as $$
begin
  insert into audit_log values (tg_table_name, current_user, auth.jwt() -> 'app_metadata' ->> 'tenant', current_setting('request.headers', true));
  return new;
end $$;
create trigger log before insert on public.notes for each row execute function public.log();
create trigger log before insert on shop.items for each row execute function public.log();
insert into goalpost.writable_tables (workspace_id, schema_name, table_name) values (tests.id_of('acme'), 'public', 'notes'), (tests.id_of('acme'), 'shop', 'items');
update auth.users set raw_app_meta_data = '{"tenant": "t1"}' where id = tests.id_of('mia');
select tests.set('run', tests.planned('a', '{"a": {"input": {"tool": "table_write", "arguments": {}}}}'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.write(p_number integer, p_table text) returns text language sql as $$
  select coalesce(w ->> 'message', w ->> 'waits_for', w ->> 'row_count') from goalpost_worker.write_table(tests.get('run'), 'a', 1, p_number, p_table, '[{"id": 1}]', 'insert') w $$;

select set_config('request.headers', '{"authorization": "the worker''s"}', true);
select is(pg_temp.write(1, 'public.notes'), '1', 'a trigger finds its table by the search path');
select is(pg_temp.write(2, 'shop.items'), '1', 'a trigger of another schema''s table finds it too');
select results_eq('select * from public.audit_log', $$ values ('notes', 'authenticated', 't1', '{}'), ('items', 'authenticated', 't1', '{}') $$,
  'the trigger sees the person''s role and claims, without worker headers');
update auth.users set banned_until = 'infinity' where id = tests.id_of('mia');
select is(pg_temp.write(3, 'public.notes'), 'the account of the person who made the request is banned', 'a banned person writes nothing');
update auth.users set banned_until = null where id = tests.id_of('mia');
update goalpost_private.limits set claims_lifetime = '0';
select is(pg_temp.write(3, 'public.notes'), 'renewal', 'claims past their lifetime make the call wait for renewal');
update goalpost_private.limits set claims_lifetime = '24 hours';
select is(pg_temp.write(3, 'public.notes'), '1', 'the call that waited is made under its number');

select * from finish();
rollback;

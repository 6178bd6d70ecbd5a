-- Rights of `authenticated`, the claims of the person who made the request, and nothing more.
begin;
select plan(8);
select tests.world();

create table public.notes (owner uuid, body text);
alter table public.notes enable row level security;
create policy own on public.notes for select to authenticated using (owner = (select auth.uid()));
grant select, insert on public.notes to authenticated;
insert into public.notes values (tests.id_of('mia'), 'hers'), (tests.id_of('petra'), 'not hers');
create table public.shut (body text);
revoke all on public.shut from authenticated, anon, public;
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');

select is(tests.query(tests.get('run'), 'a', 'select body from public.notes'),
  '{"columns": ["body"], "rows": [{"body": "hers"}], "row_count": 1, "truncated": false}', 'a query returns the rows that its asker may read');
select is(tests.query(tests.get('run'), 'a', 'select auth.uid() as me') #>> '{rows,0,me}', tests.id_of('mia')::text, 'auth.uid() in a query is the asker');
select is(tests.query(tests.get('run'), 'a', 'select body from notes') ->> 'row_count', '1', 'the workspace''s schemas are on the search path');
update goalpost.workspaces set readable_schemas = '{public,goalpost}' where id = tests.id_of('acme');
select is(tests.query(tests.get('run'), 'a', 'select count(*) as n from goalpost.members') #>> '{rows,0,n}', '5', 'goalpost''s own tables are read with the rights of the asker');
update goalpost.workspaces set readable_schemas = '{public}' where id = tests.id_of('acme');
select is(tests.query(tests.get('run'), 'a', 'select * from public.shut') ->> 'refused', 'ZG008', 'a table that the asker may not read is refused');
select is(tests.query(tests.get('run'), 'a', 'select * from goalpost_private.limits') ->> 'refused', 'ZG008', 'a private table of goalpost is refused');
select is(tests.query(tests.get('run'), 'a', 'select * from vault.decrypted_secrets') ->> 'refused', 'ZG008', 'the secrets of the vault are refused');
select is(tests.query(tests.get('run'), 'a', 'select goalpost_worker.sweep()') ->> 'refused', 'ZG008', 'a function that only workers may call is refused');

select * from finish();
rollback;

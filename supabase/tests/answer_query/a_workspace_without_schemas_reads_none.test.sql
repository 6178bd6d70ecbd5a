-- A workspace without schemas has an empty search path, and not the path of the database. Objects of the project cannot
-- shadow built-in ones.
begin;
select plan(3);
select tests.world();

create table public.notes (body text);
grant select on public.notes to authenticated;
update goalpost.workspaces set readable_schemas = '{}' where id = tests.id_of('acme');
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select body from notes') ->> 'refused', 'ZG008', 'a table of public is not found');
select is(tests.query(tests.get('run'), 'a', 'select 1 as n') ->> 'row_count', '1', 'a query without tables runs in a workspace without schemas');

create function public.lies(text, text) returns boolean language sql as 'select false';
create operator public.= (leftarg = text, rightarg = text, function = public.lies);
update goalpost.workspaces set readable_schemas = '{public}' where id = tests.id_of('acme');
insert into goalpost.project_admins (user_id) values (tests.id_of('mia'));
select is(tests.query(tests.get('run'), 'a', 'select ''a''::text = ''a''::text as same') #>> '{rows,0,same}', 'true',
  'an operator of the project does not shadow a built-in one');

select * from finish();
rollback;

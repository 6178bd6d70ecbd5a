-- The transaction is read only, for any function inside the query too.
begin;
select plan(7);
select tests.world();

create table public.notes (body text);
grant all on public.notes to authenticated;
create function public.scribble() returns int language sql as $$ insert into public.notes values ('x') returning 1 $$;
create function public.open_up() returns int language plpgsql as $$ begin perform set_config('transaction_read_only', 'off', true); insert into public.notes values ('x'); return 1; end $$;
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select public.scribble()') ->> 'refused', 'ZG008', 'a query that calls a function that writes is refused');
select is(tests.query(tests.get('run'), 'a', 'select public.open_up()') ->> 'refused', 'ZG008', 'a query that calls a function that lifts read-only mode is refused');
select is(tests.query(tests.get('run'), 'a', 'insert into public.notes values (''x'') returning body') ->> 'refused', 'ZG008', 'an insert as a query is refused');
select is(tests.query(tests.get('run'), 'a', 'with w as (insert into public.notes values (''x'') returning body) select * from w') ->> 'refused', 'ZG008', 'an insert inside WITH is refused');
select is(tests.query(tests.get('run'), 'a', 'select 1) q; delete from public.notes; select (1') ->> 'refused', 'ZG008', 'a second statement in a query is refused');
select is(tests.query(tests.get('run'), 'a', 'select goalpost.create_workspace(''w'')') ->> 'refused', 'ZG008', 'a query that calls a writing function of goalpost is refused');
select is_empty('select from public.notes', 'no refused query has written a row');

select * from finish();
rollback;

-- A definer function without one is a hole; definers live where nobody calls them by accident.
begin;
select plan(4);

select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
        and not exists (select from unnest(p.proconfig) c where c in ('search_path=""', 'search_path=')) $$, 'the search path of every function is empty');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and n.nspname like 'goalpost%' and n.nspname not in ('goalpost_worker', 'goalpost_private') $$, 'definers are private, or the worker''s');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'goalpost_worker' and not p.prosecdef $$, 'the worker''s are definers: it has no rights of its own');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
        and p.proname <> 'check_plan' -- one list of rules, read from top to bottom
        and array_length(string_to_array(p.prosrc, E'\n'), 1) > 90 $$, 'none is longer than a page');

select * from finish();
rollback;

-- A definer function without a fixed search path is a vulnerability; definer functions are in schemas that people cannot
-- call by accident.
begin;
select plan(4);

select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
        and not exists (select from unnest(p.proconfig) c where c in ('search_path=""', 'search_path=')) $$, 'the search path of every function is empty');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and n.nspname like 'goalpost%' and n.nspname not in ('goalpost_worker', 'goalpost_private') $$, 'definer functions are private or the worker''s');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'goalpost_worker' and not p.prosecdef $$, 'the worker''s functions are definers, since it has no rights itself');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
        and p.proname <> 'check_plan' -- one list of rules, read from top to bottom
        and array_length(string_to_array(p.prosrc, E'\n'), 1) > 90 $$, 'no function is longer than a page');

select * from finish();
rollback;

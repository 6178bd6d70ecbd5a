-- The rules of Supabase's own linter (splinter) that apply here, over the catalog, with its numbers. The rules on
-- missing row-level security, views, search paths, keys without an index and tables without a primary key have files of
-- their own. Not included: Auth's settings, table bloat and unused indexes.
begin;
select plan(15);
create temp table ours as select oid, nspname from pg_catalog.pg_namespace where nspname in ('goalpost', 'goalpost_worker', 'goalpost_private', 'public');
-- The schemas that /rest/v1 reaches (supabase/config.toml); the worker's schema is exposed, but people have no right in it.
create temp table exposed as select oid, nspname from ours where nspname in ('goalpost', 'goalpost_worker', 'public');
create temp table policy as
select format('%s: %s', p.polrelid::regclass, p.polname) as name, p.*, coalesce(pg_get_expr(p.polqual, p.polrelid), '') as reads, coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as writes
  from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join ours n on n.oid = c.relnamespace;

select ok((select count(*) from policy) >= 24, 'at least 24 policies are checked');
select is_empty($$ select name from policy where reads || writes ~ 'auth\.users' $$, '0002: no policy reads the users of Auth');
select is_empty(
  $$ select d.refobjid::regclass from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid join pg_catalog.pg_class c on c.oid = r.ev_class join ours n on n.oid = c.relnamespace
      where d.refclassid = 'pg_class'::regclass and d.refobjid = 'auth.users'::regclass $$, '0002: no view reads the users of Auth');
select is_empty(
  $$ select name from policy
      where regexp_replace(reads || writes, 'SELECT (auth\.(uid|jwt|role|email)|current_setting)\(', '', 'g') ~ '(auth\.(uid|jwt|role|email)|current_setting)\(' $$,
  '0003: policies evaluate the caller once per statement');
select is_empty(
  $$ select name from policy where reads || writes ~ 'my_workspaces\(' and reads || writes !~ 'SELECT goalpost_private\.my_workspaces\(' $$, '0003: policies evaluate the caller''s workspaces once per statement');
select is_empty(
  $$ select polrelid::regclass, polcmd from policy where polpermissive group by polrelid, polcmd having count(*) > 1 $$, '0006: one permissive policy per table and action');
select is_empty(
  $$ select p.name from policy p join pg_catalog.pg_class c on c.oid = p.polrelid where not c.relrowsecurity $$, '0007: no policy on a table without row-level security');
select is_empty(
  $$ select i.indrelid::regclass, array_agg(i.indexrelid::regclass) from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid join ours n on n.oid = c.relnamespace
      group by i.indrelid, i.indkey::text, i.indclass::text, i.indoption::text, pg_get_expr(i.indpred, i.indrelid), pg_get_expr(i.indexprs, i.indrelid) having count(*) > 1 $$, '0009: no index exists twice');
select is_empty(
  $$ select e.extname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where n.nspname = 'public' or n.nspname like 'goalpost%' $$, '0014: no extension in the schemas of goalpost');
select is_empty($$ select name from policy where reads || writes ~ 'user_metadata|raw_user' $$, '0015: no policy uses metadata that people can change themselves');
select is_empty(
  $$ select c.oid::regclass from pg_catalog.pg_class c join exposed n on n.oid = c.relnamespace where c.relkind in ('m', 'f') $$, '0016, 0017: no exposed relation lacks row policies');
select is_empty(
  $$ select c.oid::regclass, a.attname from pg_catalog.pg_class c join ours n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid
      where c.relkind in ('r', 'p') and a.attnum > 0 and a.atttypid in ('regclass'::regtype, 'regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype, 'regnamespace'::regtype) $$, '0018: no column type that pg_upgrade cannot migrate');
select is_empty(
  $$ select name from policy where reads = 'true' or writes = 'true' or polroles @> array[0::oid] $$, '0024: no policy is always true, and each names its role');
select is_empty(
  $$ select name from policy where polcmd in ('a', 'w', '*') and writes = '' $$, 'every policy that allows writing has a check expression');
select is_empty(
  $$ select p.oid::regprocedure from pg_catalog.pg_proc p join exposed n on n.oid = p.pronamespace
      where p.prosecdef and (has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid, 'execute')) $$,
  '0028, 0029: no function exposed to people is a definer');

select * from finish();
rollback;

-- The second check behind the syntax gate: the tree that Postgres made of the text is checked before anything of it
-- runs.
begin;
select plan(40);
select tests.world();

create table public.notes (id integer, body text, tags text[], data jsonb);
create schema shut;
create table shut.notes (id integer);
grant usage on schema shut to authenticated;
grant select on public.notes, shut.notes to authenticated;
insert into public.notes values (1, 'a note', '{x}', '{"a": [1]}');
create function public.label(public.notes) returns text language sql stable as $$ select 'note ' || $1.id $$;
create function public.plain(integer) returns integer language sql stable as $$ select $1 $$;
create function public.hidden(public.notes) returns text language sql stable as $$ select 'x' $$;
revoke all on function public.hidden(public.notes) from public, authenticated;
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.result(p_query text) returns text language sql as $$
  select coalesce(q ->> 'message', q #>> '{rows,0,v}') from tests.query(tests.get('run'), 'a', p_query) q $$;

select matches(pg_temp.result(format('select %s as v', f)), 'may not be called', format('%s may not be called', f))
  from unnest(array[
    'pg_advisory_lock(1)', 'pg_try_advisory_xact_lock(1)', 'set_config(''request.jwt.claims'', ''{}'', true)', 'pg_notify(''a'', ''b'')',
    'pg_sleep(0)', 'current_setting(''request.headers'')', 'pg_read_file(''x'')', 'lo_get(1)', 'query_to_xml(''select 1'', true, true, '''')',
    'pg_terminate_backend(1)', 'nextval(''goalpost.goals_id_seq'')', 'txid_current()', 'pg_export_snapshot()',
    '(select count(*) from ts_stat(''select 1''))', 'repeat(''x'', 9)', 'lpad(''x'', 9)', 'array_fill(1, array[9])',
    'public.plain(1)', 'net.http_get(''http://127.0.0.1'')', 'pg_size_pretty(1::bigint)',
    'pg_typeof((select set_config(''a.b'', ''c'', true)))']) f;
select matches(pg_temp.result('select 1 as v from notes order by pg_try_advisory_lock(1)'), 'may not be called', 'a call in ORDER BY is checked');
select matches(pg_temp.result('select 1 as v from notes, lateral (select 1 where pg_advisory_lock(notes.id) is null) l'), 'may not be called', 'a call in a lateral subquery is checked');
select matches(pg_temp.result('with r as (select pg_notify(''a'', ''b'')) select 1 as v'), 'may not be called', 'a call in a WITH that nothing reads is checked');
select matches(pg_temp.result('select 1) q where pg_sleep(0) is null union all select to_json(1) from (select 1'), 'may not be called', 'a call behind the wrapper is checked');
select matches(pg_temp.result('select 1; select 2'), 'semicolon', 'a second statement is refused');
select matches(pg_temp.result('select 1 as v; end; select 2; create function pg_temp.x() returns void language sql begin atomic select 1'), 'semicolon', 'the end of the analysing function cannot be written');
select matches(pg_temp.result($$ select E'\'' as v, ';'';' as w $$), 'semicolon', 'a semicolon among escapes is refused');
select is(pg_temp.result($$ select ';' as v $$), ';', 'a semicolon in a text is a text');
select is((select count(*) from pg_catalog.pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and objid = 1 and objsubid = 1), 0::bigint, 'refused queries leave no advisory lock');

select matches(pg_temp.result(format('select 1 as v from %s', r)), 'may not be read', format('%s may not be read', r))
  from unnest(array['net._http_response', 'shut.notes', 'pg_class', 'information_schema.tables', 'auth.users']) r;

select is(pg_temp.result('select n.label as v from notes n'), 'note 1', 'a computed column is callable as in PostgREST');
select matches(pg_temp.result('select n.hidden as v from notes n'), 'may not be called', 'a computed column that the person may not execute');
select is(pg_temp.result('select tags @> ''{x}'' and tags && array[''x'', ''y''] and data @> ''{"a": [1]}'' and body like ''%note'' as v from notes'), 'true',
  'an operator that ignores interrupts may have a short literal');
select matches(pg_temp.result(format('select %s as v from notes a, notes b', e)), 'nothing can interrupt', format('%s is refused', e))
  from unnest(array['a.tags <@ b.tags']) e;
select is(pg_temp.result('select goalpost_private.bounded(a.tags) <@ b.tags as v from notes a, notes b'), 'true', 'one bounded value of two is enough for <@');

select * from finish();
rollback;

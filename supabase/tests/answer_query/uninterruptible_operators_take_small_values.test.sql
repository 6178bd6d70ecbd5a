-- An operator that compares each part with each other part, and cannot be cancelled, gets at most one large value.
begin;
select plan(28);
select tests.world();

create table public.notes (id integer, body text, tags text[], data jsonb);
grant select on public.notes to authenticated;
insert into public.notes values (1, 'a', '{x}', '{"a": [1]}');
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.result(p_expression text) returns text language sql as $$
  select coalesce(q ->> 'message', q #>> '{rows,0,v}')
    from tests.query(tests.get('run'), 'a', format('select %s as v from notes a, notes b', p_expression)) q $$;

select matches(pg_temp.result(e), 'nothing can interrupt', format('%s is refused', e))
  from unnest(array[
    'a.tags <@ b.tags', 'a.tags @> b.tags', 'a.tags && b.tags', 'a.data @> b.data', 'a.data <@ b.data', 'a.data - b.tags',
    'array(select generate_series(1, 9)) <@ array(select generate_series(1, 9))', 'a.tags <@ any (select b.tags)',
    'strpos(a.body, b.body)', 'position(a.body in b.body)', 'split_part(a.body, b.body, 1)', 'replace(a.body, b.body, '''')',
    'string_to_array(a.body, b.body)', 'translate(a.body, b.body, '''')', 'btrim(a.body, b.body)', 'trim(leading a.body from b.body)',
    'a.body like b.body', 'a.body not ilike ''%'' || b.body', 'jsonb_path_exists(a.data, ''$ ? (@.a[*] == @.b[*])'')']) e;
select matches(pg_temp.result(format('a.body like %L', repeat('%a', 4000))), 'nothing can interrupt', 'a long literal is not small');
select matches(pg_temp.result('replace(a.body, ''a'', b.body)'), '^a$', 'the third argument of replace has any size');
select is(pg_temp.result('jsonb_path_exists(goalpost_private.bounded(a.data), ''$.a'')'), 'true', 'a path over a bounded value is allowed');
select is(pg_temp.result('goalpost_private.bounded(a.body) like goalpost_private.bounded(b.body)'), 'true', 'LIKE with two bounded values is allowed');
select matches(pg_temp.result('goalpost_private.bounded(array(select generate_series(1, 9000))) @> array(select 1)'), 'more than 32 kB', 'a bounded value of more than 32 kB is refused');
-- An array of one text of 32740 bytes has 32768 bytes.
select is(length(goalpost_private.bounded(repeat('x', 32740))), 32740, 'a value of exactly 32 kB is within the bound');
select is(tests.refusal('select goalpost_private.bounded(repeat(''x'', 32741))'), 'ZG008', 'a value of one byte more than 32 kB is refused');
update public.notes set data = jsonb_build_object('a', repeat('x', 40000));
select matches(pg_temp.result('goalpost_private.bounded(a.data) @> b.data'), 'more than 32 kB', 'the bound is that of the value, not of its compressed form');
select is(pg_temp.result('left(a.data ->> ''a'', 1)'), 'x', 'functions that can be interrupted take a large value');

select * from finish();
rollback;

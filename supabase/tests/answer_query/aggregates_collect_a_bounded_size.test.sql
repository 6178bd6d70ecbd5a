-- The state of an aggregate grows in memory that no setting bounds: what goes in is counted.
begin;
select plan(13);
select tests.world();

create table public.notes (id integer, body text);
grant select on public.notes to authenticated;
insert into public.notes select n, repeat('x', 1000) from generate_series(1, 20) n;
select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.result(p_expression text) returns text language sql as $$
  select coalesce(q ->> 'message', q #>> '{rows,0,v}')
    from tests.query(tests.get('run'), 'a', format('select %s as v from notes', p_expression)) q $$;

select matches(pg_temp.result(e), 'wrap its arguments', format('%s is refused', e))
  from unnest(array[
    'string_agg(body, '','')', 'array_agg(id)', 'json_agg(body)', 'jsonb_agg(notes)', 'jsonb_object_agg(id, body)',
    'jsonb_object_agg(goalpost_private.collected(id), body)', 'string_agg(goalpost_private.collected(body), body)',
    'string_agg(body, '','') over ()', 'string_agg(''x'', '','')']) e;
select is(pg_temp.result('string_agg(goalpost_private.collected(id::text), '','' order by id)'), '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20', 'values that are counted are collected');
select is(pg_temp.result('string_agg(distinct goalpost_private.collected(left(body, 1)), '','' order by goalpost_private.collected(left(body, 1)))'), 'x', 'distinct values that are counted are collected in their order');
select is(pg_temp.result('jsonb_array_length(jsonb_agg(goalpost_private.collected(notes)))'), '20', 'whole rows that are counted are collected');
select matches(tests.query(tests.get('run'), 'a', 'select length(string_agg(goalpost_private.collected(a.body), '''')) from notes a, generate_series(1, 1000)') ->> 'message',
  'collect more than 16 MB', 'aggregates of a whole query collect at most 16 MB');

select * from finish();
rollback;

-- Without a row, the columns of a result come from the analysed query.
begin;
select plan(7);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.columns(p_query text) returns jsonb language sql as $$
  select q -> 'columns' from tests.query(tests.get('run'), 'a', p_query) q $$;

select is(pg_temp.columns('select 1 as z, 2 as a, 3 as m where false'), '["z", "a", "m"]', 'columns of an empty result are in the order of the query');
select is(pg_temp.columns('select 1 as a, 2 as a, 3 as a_2 where false'), '["a", "a_3", "a_2"]', 'a repeated name in an empty result is numbered as in one with rows');
select is(pg_temp.columns('select 1 as "two words", 2 as "x)y", 3 as "{b}", 4 as "back\slash", 5 as "qu""ote", 6 as "7up", 7 as "<a>" where false'),
  '["two words", "x)y", "{b}", "back\\slash", "qu\"ote", "7up", "<a>"]', 'names with characters that the tree escapes are read back');
select is(pg_temp.columns('select from generate_series(1, 2) where false'), '[]', 'an empty result without columns has none');
select is(pg_temp.columns('with q as (select 5 as inner_name) select inner_name as outer_name from q where false'), '["outer_name"]', 'columns are those of the whole query and not of a part');
select is(pg_temp.columns('select * from (values (1, 2)) v (one, two) where one > 1 union all select 3, 4 where false'), '["one", "two"]', 'columns of a union are those of its first part');
select is(goalpost_private.header_of_tree('no tree')::text, '{}', 'a text without such an entry has no columns');

select * from finish();
rollback;

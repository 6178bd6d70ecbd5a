-- JSON readers keep 53 bits of a fraction; and an object keeps one value of a name.
begin;
select plan(9);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
create function pg_temp.rows(p_query text) returns jsonb language sql as $$
  select q -> 'rows' -> 0 from tests.query(tests.get('run'), 'a', p_query) q $$;

select is(pg_temp.rows('select count(*), count(distinct n % 2) from generate_series(1, 5) n'), '{"count": 5, "count_2": 2}', 'two columns of one name keep both values');
select is(tests.query(tests.get('run'), 'a', 'select 1 as a, 2 as a_2, 3 as a, 4 as a') -> 'columns', '["a", "a_2", "a_3", "a_4"]', 'a number that is taken is passed over');
select is(pg_temp.rows('select 123456789012345678901::numeric as v, 1e20::numeric as w'), '{"v": "123456789012345678901", "w": "100000000000000000000"}', 'an integer past 64 bits is text');
select is(pg_temp.rows('select 9007199254740993 as v, -9223372036854775808 as w'), '{"v": 9007199254740993, "w": -9223372036854775808}', 'an integer of 64 bits is a number');
select is(pg_temp.rows('select 0.12345678901234567890 as v, 0.1234567890123456 as w, 1e-320::numeric = 0 as x'),
  '{"v": "0.12345678901234567890", "w": 0.1234567890123456, "x": false}', 'a fraction that a double cannot hold is text');
select is(pg_temp.rows('select jsonb_build_object(''n'', 123456789012345678901, ''l'', jsonb_build_array(0.1)) as v'), '{"v": {"n": "123456789012345678901", "l": [0.1]}}', 'long numbers inside JSON values are text too');
select is(pg_temp.rows('select ''123456789012345678901'' as v, 1234567890123456.5::float8 as w'), '{"v": "123456789012345678901", "w": 1234567890123456.5}', 'texts and doubles are returned unchanged');
select is(tests.query(tests.get('run'), 'a', 'select from generate_series(1, 2)'), '{"rows": [{}, {}], "columns": [], "row_count": 2, "truncated": false}', 'rows without columns are returned as empty objects');
select is(tests.query(tests.get('run'), 'a', 'select 1 as a where false'), '{"rows": [], "columns": ["a"], "row_count": 0, "truncated": false}', 'a result without rows has its column names');

select * from finish();
rollback;

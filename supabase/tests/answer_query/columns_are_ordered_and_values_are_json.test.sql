-- The columns are in the order of the query; a comment at the end of a query does not comment out the wrapper.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select 1 as z, null as a, true as m, array[1, 2] as list -- the end'),
  '{"columns": ["z", "a", "m", "list"], "rows": [{"z": 1, "a": null, "m": true, "list": [1, 2]}], "row_count": 1, "truncated": false}', 'a row has its columns in order and its values as JSON');
select is(tests.query(tests.get('run'), 'a', 'select 1 as a where false'), '{"columns": ["a"], "rows": [], "row_count": 0, "truncated": false}', 'a result without rows has its columns');
select is(tests.query(tests.get('run'), 'a', 'with x as (select 1 as a) select * from x') ->> 'row_count', '1', 'a query may begin with WITH');
select is(tests.query(tests.get('run'), 'a', 'select 1 as q, 2 as row') -> 'rows', '[{"q": 1, "row": 2}]', 'no column name collides with the names of the wrapper');

select * from finish();
rollback;

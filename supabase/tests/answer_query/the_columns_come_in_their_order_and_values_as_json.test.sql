-- As the query names them; a comment at its end hides nothing of the wrapper.
begin;
select plan(4);
select tests.world();

select tests.set('run', tests.planned('a'));
select tests.start(tests.get('run'), 'a');
select is(tests.query(tests.get('run'), 'a', 'select 1 as z, null as a, true as m, array[1, 2] as list -- the end'),
  '{"columns": ["z", "a", "m", "list"], "rows": [{"z": 1, "a": null, "m": true, "list": [1, 2]}], "row_count": 1, "truncated": false}', 'one row');
select is(tests.query(tests.get('run'), 'a', 'select 1 as a where false'), '{"columns": ["a"], "rows": [], "row_count": 0, "truncated": false}', 'no row');
select is(tests.query(tests.get('run'), 'a', 'with x as (select 1 as a) select * from x') ->> 'row_count', '1', 'with is welcome');
select is(tests.query(tests.get('run'), 'a', 'select 1 as q, 2 as row') -> 'rows', '[{"q": 1, "row": 2}]', 'no name of a column gets in the way');

select * from finish();
rollback;
